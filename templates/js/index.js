// What the index of a run gains where scripts run: filters, search, sorting; the same choice of rows for the chart's dots.
// Nothing here makes content, and what is chosen stands in the address, to be shared.
(() => {
  "use strict";
  const root = document.documentElement;
  // The browser's memory is one with the reports', and may be forbidden: then nothing is remembered.
  let memory = {};
  try { memory = JSON.parse(localStorage.reportgen); } catch { /* nothing yet */ }
  const paint = (theme) => {
    root.dataset.theme = theme;
    document.querySelectorAll(".themes button").forEach((choice) => { choice.ariaPressed = choice.value === theme; });
  };
  root.classList.add("live");
  paint(memory.theme ?? "auto"); // before the first paint

  function themes(group) {
    group.addEventListener("click", ({ target: { value } }) => {
      if (!value) return;
      paint(value);
      memory.theme = value;
      try { localStorage.reportgen = JSON.stringify(memory); } catch { /* forbidden */ }
    });
    paint(root.dataset.theme);
  }

  function models(table, tools) {
    const bodies = [...table.tBodies];
    const rows = bodies.flatMap((body) => [...body.rows]); // in the order they came
    const heads = [...table.tHead.rows[0].cells];
    const column = Object.fromEntries(heads.map((head, i) => [head.dataset.key, i]));
    const size = bodies[0].rows.length;
    const dots = new Map([...document.querySelectorAll(".dots a")].map((dot) => [dot.getAttribute("href"), dot]));
    const total = rows.length.toLocaleString("en");
    const [search, count] = [tools.querySelector("input"), tools.querySelector("output")];
    const choices = [...tools.querySelectorAll("select")];
    let texts; // what is searched, once someone does
    let shown = rows; // as they lie in the bodies now
    let sorted = rows;
    let sort = ""; // the key of a column, "-parameters" from the largest

    const figure = (cell) => Number(cell.dataset.sort ?? (cell.textContent.replaceAll(",", "") || NaN));
    const natural = (cell) => cell.textContent.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
    const passes = {
      word: (value) => (cell) => cell.textContent === value || cell.textContent.split(", ").includes(value),
      range: (value) => {
        const [low, high] = value.split("-");
        return (cell) => figure(cell) >= low && (high === "" || figure(cell) < high);
      },
    };

    function chosen() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const tests = choices.filter((choice) => choice.value).map((choice) => {
        const i = column[choice.name];
        const pass = passes[heads[i].matches(".number") ? "range" : "word"](choice.value);
        return (row) => pass(row.cells[i]);
      });
      if (words.length) {
        texts ??= new Map(rows.map((row) => [row, `${row.textContent} ${row.cells[0].title}`.toLowerCase()]));
        tests.push((row) => words.every((word) => texts.get(row).includes(word)));
      }
      return tests.length ? (row) => tests.every((test) => test(row)) : () => true;
    }

    function order() {
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      const i = column[sort.replace("-", "")];
      if (i === undefined) return rows;
      const down = sort.startsWith("-");
      heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = heads[i].matches(".number") ? figure : natural;
      const keyed = rows.map((row) => [key(row.cells[i]), row]);
      const known = keyed.filter(([value]) => value === value); // what has no figure comes last
      known.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
      return [...known, ...keyed.filter(([value]) => value !== value)].map(([, row]) => row);
    }

    function show() {
      const found = sorted.filter(chosen());
      choices.forEach((choice) => choice.classList.toggle("set", choice.value));
      count.textContent = found.length < rows.length ? `${found.length.toLocaleString("en")} of ${total} models` : `${total} models`;
      if (found.length === shown.length && found.every((row, i) => row === shown[i])) return;
      shown = found;
      bodies.forEach((body, i) => {
        body.replaceChildren(...found.slice(i * size, (i + 1) * size));
        body.hidden = i > 0 && !body.rows.length;
      });
      const left = new Set(found.map((row) => row.querySelector("a")?.getAttribute("href")));
      dots.forEach((dot, href) => dot.classList.toggle("away", !left.has(href)));
      stopAt(table.querySelector("tbody a"));
    }

    function remember() {
      const state = new URLSearchParams([search, ...choices].filter(({ value }) => value).map(({ name, value }) => [name, value]));
      if (sort) state.set("sort", sort);
      history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
    }

    function recall() {
      const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      for (const element of [search, ...choices]) {
        element.value = state.get(element.name) ?? "";
        if (element.selectedIndex === -1) element.value = ""; // there is no such choice
      }
      sort = state.get("sort") ?? "";
      sorted = order();
      show();
    }

    heads.filter((head) => head.dataset.key).forEach((head) => {
      const { key } = head.dataset;
      const [first, second] = head.matches(".number") ? [`-${key}`, key] : [key, `-${key}`];
      const toggle = document.createElement("button");
      toggle.type = "button";
      toggle.addEventListener("click", () => {
        sort = { [first]: second, [second]: "" }[sort] ?? first;
        sorted = order();
        show();
        remember();
      });
      toggle.append(...head.childNodes);
      head.append(toggle);
    });
    tools.addEventListener("input", () => { show(); remember(); });
    tools.querySelector("button").addEventListener("click", () => {
      history.replaceState(null, "", location.pathname + location.search);
      recall();
    });
    addEventListener("hashchange", recall);

    // A table of any length is one stop of the tab key; arrow keys lead from model to model, and to each of its reports.
    const links = (row) => [...row.querySelectorAll("a")];
    let stop;
    function stopAt(link) {
      if (stop) stop.tabIndex = -1;
      stop = link;
      if (stop) stop.tabIndex = 0;
    }
    setTimeout(() => { // there may be ten thousand of them
      rows.flatMap(links).forEach((link) => { link.tabIndex = -1; });
      stopAt(table.querySelector("tbody a"));
    });
    table.addEventListener("keydown", (event) => {
      const link = event.target.closest("tbody a");
      if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
      const all = [...table.querySelectorAll("tbody tr")];
      const row = link.closest("tr");
      const place = links(row).indexOf(link);
      const beside = (step) => links(all[all.indexOf(row) + step] ?? row);
      const next = {
        ArrowUp: () => beside(-1)[place] ?? beside(-1)[0],
        ArrowDown: () => beside(1)[place] ?? beside(1)[0],
        ArrowLeft: () => links(row)[place - 1],
        ArrowRight: () => links(row)[place + 1],
        Home: () => links(all[0])[0],
        End: () => links(all.at(-1))[0],
      }[event.key]?.();
      if (!next) return;
      stopAt(next);
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
      event.preventDefault();
    });
    recall();
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(".themes").forEach(themes);
    const tools = document.querySelector(".tools");
    if (tools) models(document.querySelector(".models"), tools);
  });
})();

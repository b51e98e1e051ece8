// What the page gains where scripts run. Everything can be read without: nothing here makes content, it only arranges it.
(() => {
  "use strict";
  const root = document.documentElement;
  const memory = { // of the browser, for all reports; it may be forbidden
    get(key) { try { return JSON.parse(localStorage.getItem(`reportgen-${key}`)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(`reportgen-${key}`, JSON.stringify(value)); } catch { /* forgotten, then */ } },
  };
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const button = (text, onclick) => make("button", { type: "button", onclick }, text);

  const paint = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  paint(memory.get("theme")); // before the first paint

  function themes(bar) {
    const choices = ["auto", "light", "dark"].map((theme) => button(theme, () => {
      paint(theme);
      memory.set("theme", theme);
      mark();
    }));
    const mark = () => choices.forEach((choice) => {
      choice.setAttribute("aria-pressed", choice.textContent === (root.dataset.theme ?? "auto"));
    });
    mark();
    const group = make("div", { className: "themes" }, ...choices);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Theme");
    bar.append(group);
  }

  // A long table lays its rows out a hundred at a time. Whatever is filtered, folded or sorted, the rows to show are dealt
  // out to these bodies again, so that only those on screen cost.
  function dataTable(box) {
    const table = box.querySelector("table");
    const bodies = [...table.tBodies];
    const size = bodies[0]?.rows.length ?? 0;
    const total = size * Math.max(bodies.length - 1, 0) + (bodies.at(-1)?.rows.length ?? 0);
    const once = (get) => { let value; return () => (value ??= get()); };
    const rows = once(() => bodies.flatMap((body) => [...body.rows])); // as they came; asked for before the first is moved
    const texts = once(() => new Map(rows().map((row) => [row, [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase()])));
    const tools = make("div", { className: "tools" });
    const tree = box.matches(".tree") ? foldable(rows(), () => show()) : null;
    let order;
    let words = [];

    const deal = (shown) => {
      const focused = document.activeElement;
      bodies.forEach((body, i) => {
        body.replaceChildren(...shown.slice(i * size, (i + 1) * size));
        body.hidden = i > 0 && !body.rows.length;
      });
      if (table.contains(focused)) focused.focus({ preventScroll: true }); // a row that is moved loses it
    };
    const show = () => {
      order ??= rows();
      const found = words.length ? order.filter((row) => words.every((word) => texts().get(row).includes(word))) : order;
      count.textContent = words.length ? `${found.length} of ${total} rows` : `${total} rows`;
      deal(!tree ? found : words.length ? tree.withParents(found) : tree.open());
    };
    const search = (text) => { words = text.toLowerCase().split(/\s+/).filter(Boolean); show(); };

    const count = make("output", { textContent: `${total} rows` });
    const input = make("input", { type: "search", placeholder: "Search", oninput: () => search(input.value) });
    input.setAttribute("aria-label", "Search these rows");
    if (total > 15 && box.matches(".long, .tree, .index *")) tools.append(input, count);
    if (tree) tools.append(button("Expand all", tree.expand), button("Collapse all", tree.collapse));
    if (box.matches(".long, .tree")) tools.append(columnChoice(box, table));
    if (tools.childElementCount) box.querySelector(".scroll").before(tools);
    if (!tree && total > 1) sortable(table, rows, (sorted) => { order = sorted; show(); });
    inside(table).forEach((element) => { element.tabIndex = -1; }); // the arrow keys lead there: one tab stop for a table
    if (tree && box.matches(".long")) tree.begin();
    return {
      whole() { if (order) deal(order); },
      again() { if (order) show(); },
      reveal(id) {
        if (!order && document.getElementById(id)) return;
        const row = rows().find((candidate) => candidate.id === id);
        if (!row) return;
        tree?.reveal(row);
        if (words.length) { input.value = ""; words = []; }
        if (!row.isConnected) show();
      },
    };
  }

  function sortable(table, rows, apply) {
    const heads = [...table.tHead.rows[0].cells];
    const number = (cell) => Number(cell.dataset.sort ?? (cell.textContent.replaceAll(",", "") || NaN));
    const natural = (cell) => cell.textContent.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, "0"));
    heads.forEach((head, i) => {
      const toggle = button("", () => {
        const numeric = head.matches(".number") || rows().some((row) => "sort" in row.cells[i].dataset);
        const [first, second] = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
        const next = { [first]: second, [second]: null, null: first }[head.getAttribute("aria-sort")];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (!next) return apply(rows());
        head.setAttribute("aria-sort", next);
        const key = numeric ? number : natural;
        const sign = next === "ascending" ? 1 : -1;
        const keyed = rows().map((row) => [key(row.cells[i]), row]);
        const known = keyed.filter(([value]) => value === value); // what has no figure comes last
        known.sort(([a], [b]) => (a < b ? -sign : a > b ? sign : 0));
        return apply([...known, ...keyed.filter(([value]) => value !== value)].map(([, row]) => row));
      });
      toggle.append(...head.childNodes);
      head.append(toggle);
    });
  }

  // A tree's rows fold away the deeper ones under them.
  function foldable(rows, changed) {
    const depths = rows.map((row) => Number(row.dataset.depth));
    const above = new Map(); // each row's parent
    const toggles = new Map();
    const line = [];
    rows.forEach((row, i) => {
      above.set(row, line[depths[i] - 1]);
      line.length = depths[i];
      line.push(row);
      if (depths[i + 1] > depths[i]) {
        const toggle = make("button", { type: "button", className: "fold", onclick: () => { flip([row], folded(row)); changed(); } });
        toggle.setAttribute("aria-expanded", true);
        toggle.setAttribute("aria-label", `Modules in ${row.cells[0].textContent}`);
        row.cells[0].prepend(toggle);
        toggles.set(row, toggle);
      }
    });
    const folded = (row) => toggles.get(row)?.ariaExpanded === "false";
    const flip = (some, expanded) => some.forEach((row) => toggles.get(row)?.setAttribute("aria-expanded", expanded));
    const parents = (row) => { const found = []; while ((row = above.get(row))) found.push(row); return found; };
    const foldFrom = (depth) => rows.forEach((row, i) => flip([row], depths[i] < depth));
    return {
      expand() { foldFrom(Infinity); changed(); },
      collapse() { foldFrom(1); changed(); },
      begin() { // as deep as it can be taken in
        let depth = 1;
        while (depths.filter((each) => each <= depth + 1).length <= 60 && depth < 50) depth += 1;
        foldFrom(depth);
        changed();
      },
      reveal(row) { flip(parents(row), true); },
      open() {
        const hidden = new Set();
        return rows.filter((row) => {
          const parent = above.get(row);
          if (!parent || !(hidden.has(parent) || folded(parent))) return true;
          hidden.add(row);
          return false;
        });
      },
      withParents(found) {
        const kept = new Set(found.flatMap((row) => [row, ...parents(row)]));
        return rows.filter((row) => kept.has(row));
      },
    };
  }

  const hiding = new CSSStyleSheet();
  const hidden = memory.get("columns") ?? {}; // labels of hidden columns, by table
  function columnChoice(box, table) {
    const heads = [...table.tHead.rows[0].cells];
    const away = new Set(hidden[box.id]);
    let tracks;
    const apply = () => {
      const isAway = (i) => away.has(heads[i].textContent);
      hidden[box.id] = [...away];
      box.rules = heads.map((_, i) => (isAway(i) ? `[id="${box.id}"] tr > :nth-child(${i + 1}) { display: none; }` : "")).join("");
      tracks ??= getComputedStyle(table).getPropertyValue("--columns").trim().split(" ");
      table.style.setProperty("--columns", tracks.filter((_, i) => !isAway(i)).join(" "));
      hiding.replaceSync([...document.querySelectorAll(".table")].map((other) => other.rules ?? "").join(""));
    };
    const choices = heads.slice(1).map((head) => {
      const label = head.textContent;
      const choice = make("input", { type: "checkbox", checked: !away.has(label), onchange: () => {
        if (choice.checked) away.delete(label);
        else away.add(label);
        apply();
        memory.set("columns", hidden);
      } });
      return make("label", {}, choice, label);
    });
    if (away.size) apply();
    return make("details", { className: "columns" }, make("summary", {}, "Columns"), make("div", {}, ...choices));
  }

  // Copying: a button at each key figure and listing; in tables, at the one cell that the arrow keys or the mouse chose.
  const said = make("output", { className: "toast" });
  const isExact = (text) => /^\d{1,3}(,\d{3})*$/.test(text);
  const plain = (text) => (isExact(text) ? text.replaceAll(",", "") : text);
  const copy = (text) => navigator.clipboard.writeText(text).then(() => {
    said.textContent = `Copied ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
    setTimeout(() => { said.textContent = ""; }, 2000);
  }, () => {});
  const copyButton = (label, value) => {
    const element = make("button", { type: "button", className: "copy", onclick: () => copy(value()) });
    element.setAttribute("aria-label", label);
    return element;
  };

  const CELL = "tbody > tr > *";
  const cellValue = (cell) => plain(isExact(cell.textContent) ? cell.textContent : cell.title || cell.textContent);
  let chosen;
  const cellCopy = copyButton("Copy this value", () => cellValue(chosen));
  const inside = (cell) => cell.querySelectorAll("tbody a, .fold");
  function choose(cell) {
    if (chosen) {
      chosen.removeAttribute("tabindex");
      inside(chosen).forEach((element) => { element.tabIndex = -1; });
    }
    chosen = cell;
    cell.tabIndex = 0;
    inside(cell).forEach((element) => element.removeAttribute("tabindex"));
    if (navigator.clipboard) cell.append(cellCopy);
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  const shown = (cell, step) => { while (cell && !cell.offsetWidth) cell = cell[step]; return cell; };
  const beside = {
    ArrowLeft: (cell) => shown(cell.previousElementSibling, "previousElementSibling"),
    ArrowRight: (cell) => shown(cell.nextElementSibling, "nextElementSibling"),
    ArrowUp: (cell, row) => (row.previousElementSibling ?? row.parentElement.previousElementSibling?.lastElementChild)?.cells[cell.cellIndex],
    ArrowDown: (cell, row) => (row.nextElementSibling ?? row.parentElement.nextElementSibling?.firstElementChild)?.cells[cell.cellIndex],
  };
  function onKey(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.matches(".table > .scroll") && key === "ArrowDown") {
      const first = target.querySelector(CELL);
      if (first) choose(first);
    } else if (!target.matches(CELL)) return;
    else if (key in beside) {
      const next = beside[key](target, target.parentElement);
      if (next?.matches(CELL)) choose(next);
    } else if (key === "Enter") copy(cellValue(target));
    else if (key === " ") target.parentElement.querySelector(".fold")?.click();
    else return;
    event.preventDefault();
  }
  function copying() {
    document.body.append(said);
    document.addEventListener("keydown", onKey);
    document.addEventListener("click", ({ target }) => {
      const cell = target.closest(CELL);
      if (cell && !target.closest("a, button") && getSelection().isCollapsed) choose(cell);
    });
    document.addEventListener("copy", (event) => {
      if (!document.activeElement.matches(CELL) || !getSelection().isCollapsed) return;
      event.clipboardData.setData("text/plain", cellValue(document.activeElement));
      event.preventDefault();
    });
    if (!navigator.clipboard) return;
    document.querySelectorAll(".figure").forEach((figure) => {
      const value = figure.querySelector(".value");
      const text = plain((figure.querySelector(".exact")?.textContent.replace(/ [A-Za-z]+$/, "") ?? value.textContent));
      value.append(copyButton(`Copy ${figure.querySelector("dt").textContent}: ${text}`, () => text));
    });
    document.querySelectorAll(".code-block").forEach((block) => {
      const text = block.textContent;
      block.append(copyButton("Copy this listing", () => text));
    });
  }

  function contents(nav) {
    const links = new Map([...nav.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
    const observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(target.id)?.setAttribute("aria-current", "true");
      }
    }, { rootMargin: "-20% 0px -75%" });
    document.querySelectorAll("main > section").forEach((section) => observer.observe(section));
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.adoptedStyleSheets.push(hiding);
    document.querySelectorAll(".bar").forEach(themes);
    document.querySelectorAll(".contents").forEach(contents);
    const tables = [...document.querySelectorAll(".table")].map(dataTable);
    copying();
    addEventListener("beforeprint", () => tables.forEach((table) => table.whole()));
    addEventListener("afterprint", () => tables.forEach((table) => table.again()));
    document.addEventListener("click", ({ target }) => {
      document.querySelectorAll(".columns[open]").forEach((menu) => { if (!menu.contains(target)) menu.open = false; });
    });
    // The row that a link asks for may be folded or filtered away, and sections that were never on screen only guess their
    // height: the row comes back first, and is scrolled to again once its surroundings are laid out.
    const follow = () => {
      const id = location.hash.slice(1);
      if (!id) return;
      tables.forEach((table) => table.reveal(id));
      location.replace(location.hash);
      requestAnimationFrame(() => document.getElementById(id)?.scrollIntoView());
    };
    addEventListener("hashchange", follow);
    follow();
  });
})();

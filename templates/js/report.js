(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const memory = (action) => { try { return action(localStorage); } catch { return null; } }; // may be forbidden
  const theme = memory((store) => store.getItem("reportgen-theme"));
  if (theme === "light" || theme === "dark") root.dataset.theme = theme; // before the first paint

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  function themeButton(button) {
    button.hidden = false;
    button.onclick = () => {
      const next = (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
      root.dataset.theme = next;
      memory((store) => store.setItem("reportgen-theme", next));
    };
  }

  // Flat tables sort, long ones and the index can be searched. Rows are dealt out again to the sections of a long table,
  // so that only those on screen cost.
  function flatTable(table) {
    const bodies = [...table.querySelectorAll("tbody")];
    const all = bodies.flatMap((body) => [...body.rows]);
    const size = bodies[0]?.rows.length ?? 0;
    const count = make("output");
    const input = make("input", { type: "search", placeholder: "Search" });
    input.setAttribute("aria-label", "Search these rows");
    let order = all;
    let texts;
    const show = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      texts ??= new Map(all.map((row) => [row, [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase()]));
      const shown = words.length ? order.filter((row) => words.every((word) => texts.get(row).includes(word))) : order;
      bodies.forEach((body, i) => {
        body.replaceChildren(...shown.slice(i * size, (i + 1) * size));
        body.closest(".rows").hidden = i > 0 && !body.rows.length;
      });
      count.textContent = words.length ? `${shown.length} of ${all.length} rows` : `${all.length} rows`;
    };
    const reset = () => { input.value = ""; show(); };
    input.oninput = show;
    count.textContent = `${all.length} rows`;
    if (table.matches(".long, .index *")) {
      table.querySelector(".scroll").before(make("div", { className: "tools" }, input, count));
    }
    if (!table.matches(".tree") && all.length > 1) sortable(table, all, (rows) => { order = rows; show(); });
    return (row) => { if (all.includes(row) && !row.isConnected) reset(); };
  }

  function sortable(table, all, apply) {
    const collator = new Intl.Collator("en", { numeric: true });
    const heads = [...table.querySelector("thead").querySelectorAll("th")];
    const key = (row, i) => row.cells[i].dataset.sort ?? row.cells[i].textContent;
    heads.forEach((head, i) => {
      const numeric = all.some((row) => "sort" in row.cells[i].dataset);
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.append(button);
      button.onclick = () => {
        const [first, second] = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
        const next = { [first]: second, [second]: null, null: first }[head.getAttribute("aria-sort")];
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (!next) return apply(all);
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const known = (row) => !numeric || "sort" in row.cells[i].dataset; // what has no figure comes last
        apply([...all].sort((a, b) => known(b) - known(a) || sign * (
          numeric ? key(a, i) - key(b, i) || 0 : collator.compare(key(a, i), key(b, i)))));
      };
    });
  }

  // Trees: a row folds away the deeper rows under it.
  function tree(table) {
    const rows = [...table.querySelectorAll("tbody tr")];
    const depth = (row) => Number(row.dataset.depth);
    const parents = rows.filter((row, i) => i + 1 < rows.length && depth(rows[i + 1]) > depth(row));
    const button = (row) => row.querySelector(".fold");
    const isFolded = (row) => button(row)?.getAttribute("aria-expanded") === "false";
    const refresh = () => {
      let limit = Infinity;
      for (const row of rows) {
        row.hidden = depth(row) > limit;
        if (!row.hidden) limit = isFolded(row) ? depth(row) : Infinity;
      }
    };
    const fold = (some, expanded) => {
      for (const row of some) button(row).setAttribute("aria-expanded", expanded);
      refresh();
    };
    for (const row of parents) {
      const toggle = make("button", { type: "button", className: "fold", onclick: () => fold([row], isFolded(row)) });
      toggle.setAttribute("aria-expanded", true);
      toggle.setAttribute("aria-label", `Modules in ${row.cells[0].textContent}`);
      row.cells[0].prepend(toggle);
    }
    const inner = parents.filter((row) => depth(row) > 0);
    table.querySelector(".scroll").before(make("div", { className: "tools" },
      make("button", { type: "button", onclick: () => fold(inner, false) }, "Collapse all"),
      make("button", { type: "button", onclick: () => fold(parents, true) }, "Expand all")));
    return (row) => { if (rows.includes(row) && row.hidden) fold(parents, true); };
  }

  function copyButton(block) {
    const text = block.textContent;
    const button = make("button", { type: "button", className: "copy" }, "Copy");
    button.onclick = () => navigator.clipboard.writeText(text).then(() => { button.textContent = "Copied"; }, () => {});
    block.append(button);
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
    document.querySelectorAll(".theme").forEach(themeButton);
    document.querySelectorAll(".contents").forEach(contents);
    if (navigator.clipboard) document.querySelectorAll(".code-block").forEach(copyButton);
    // Anchored rows may be folded or filtered away when a link asks for them: they are kept here, off the page.
    const anchored = new Map([...document.querySelectorAll("tr[id]")].map((row) => [row.id, row]));
    const reveal = [
      ...[...document.querySelectorAll(".table:not(.tree), .long")].map(flatTable),
      ...[...document.querySelectorAll(".tree:not(.long)")].map(tree),
    ];
    const follow = () => {
      const row = anchored.get(location.hash.slice(1));
      if (!row) return;
      reveal.forEach((show) => show(row));
      location.replace(location.hash); // scrolls to the row, and makes it :target though it was away
    };
    addEventListener("hashchange", follow);
    follow();
  });
})();

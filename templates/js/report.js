// What the page gains where scripts run. Nothing here makes content, it only arranges it; buttons and menus are in the page.
(() => {
  "use strict";
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const button = (properties) => Object.assign(document.createElement("button"), { type: "button" }, properties);

  // The browser's memory is one for all reports, and may be forbidden: then nothing is remembered.
  let memory = {};
  try { memory = JSON.parse(localStorage.reportgen); } catch { /* nothing yet */ }
  const remember = (key, value) => {
    memory[key] = value;
    try { localStorage.reportgen = JSON.stringify(memory); } catch { /* forbidden */ }
  };

  const paint = (theme) => {
    root.dataset.theme = theme;
    all(".themes button").forEach((choice) => { choice.ariaPressed = choice.value === theme; });
  };

  // Rows are filtered, folded and sorted by dealing out those to show to the table's bodies again. A long table has a body
  // for every hundred rows, and only those bodies that are on screen are laid out. Gives what brings a row back.
  function arrange(box) {
    const bodies = all("tbody", box);
    const size = bodies[0].rows.length;
    const rows = all("tbody > tr", box);
    const search = box.querySelector("[type=search]");
    let order = rows;

    const deal = (shown) => {
      const focused = document.activeElement;
      bodies.forEach((body, i) => {
        body.replaceChildren(...shown.slice(i * size, (i + 1) * size));
        body.hidden = i > 0 && !body.rows.length;
      });
      // A row that is moved loses the focus.
      if (box.contains(focused)) focused.focus({ preventScroll: true });
    };
    const show = () => {
      const words = search?.value.toLowerCase().match(/\S+/g);
      const found = words ? order.filter((row) => words.every((word) => textOf(row).includes(word))) : order;
      if (search) box.querySelector("output").value = `${words ? `${found.length} of ` : ""}${rows.length} rows`;
      deal(words ? withParents(order, found) : unfolded(order));
    };
    const fold = (depth) => {
      rows.forEach((row) => { if (row.fold) row.fold.ariaExpanded = row.depth < depth; });
      show();
    };

    if (box.matches(".tree")) foldable(rows, show);
    else sortable(box, rows, (sorted) => { order = sorted; show(); });
    all("[data-fold]", box).forEach((choice) => { choice.onclick = () => fold(choice.dataset.fold); });
    if (box.dataset.open) fold(box.dataset.open);
    if (search) search.oninput = show;
    addEventListener("beforeprint", () => deal(order));
    addEventListener("afterprint", show);
    return (id) => {
      const row = rows.find((each) => each.id === id);
      if (!row || row.isConnected) return;
      withParents(rows, [row]).forEach((each) => { if (each.fold) each.fold.ariaExpanded = true; });
      if (search) search.value = "";
      show();
    };
  }
  const textOf = (row) => row.text ??= [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();

  function sortable(box, rows, apply) {
    const heads = all("thead th", box);
    heads.forEach((head, i) => {
      const numeric = head.matches(".number");
      const toggle = button({ onclick() {
        const turns = numeric ? ["descending", "ascending"] : ["ascending", "descending"];
        const turn = turns[turns.indexOf(head.ariaSort) + 1];
        heads.forEach((each) => { each.ariaSort = null; });
        if (!turn) return apply(rows);
        head.ariaSort = turn;
        const sign = turn === "ascending" ? 1 : -1;
        const keyed = rows.map((row) => {
          const { textContent: text, dataset } = row.cells[i];
          const number = parseFloat(dataset.sort ?? text.replaceAll(",", ""));
          // Digits in names count as numbers. What has no figure comes last.
          if (!numeric) return [text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(12, 0)), row];
          return [Number.isNaN(number) ? sign * Infinity : number, row];
        });
        keyed.sort(([a], [b]) => sign * ((a > b) - (a < b)));
        apply(keyed.map(([, row]) => row));
      } });
      toggle.append(...head.childNodes);
      head.append(toggle);
    });
  }

  // A tree is rows in order, each with its depth: a row folds away the deeper ones after it, and going backwards, its parent
  // is the first that is less deep.
  function foldable(rows, show) {
    rows.forEach((row, i) => {
      row.depth = Number(row.dataset.depth);
      if (!(rows[i + 1]?.dataset.depth > row.depth)) return;
      row.fold = button({ className: "fold", ariaExpanded: true, ariaLabel: `Modules in ${row.cells[0].textContent}` });
      row.fold.onclick = () => { row.fold.ariaExpanded = row.fold.ariaExpanded === "false"; show(); };
      row.cells[0].prepend(row.fold);
    });
  }
  function unfolded(rows) {
    let deepest = Infinity;
    return rows.filter((row) => {
      if (row.depth > deepest) return false;
      deepest = row.fold?.ariaExpanded === "false" ? row.depth : Infinity;
      return true;
    });
  }
  function withParents(rows, found) {
    const wanted = new Set(found);
    let depth = 0;
    return rows.toReversed().filter((row) => {
      if (!wanted.has(row) && !(row.depth < depth)) return false;
      depth = row.depth;
      return true;
    }).reverse();
  }

  // The style sheet hides the columns that are off.
  function chooseColumns() {
    const hidden = memory.columns ?? {};
    all(".columns input").forEach((choice) => {
      const box = choice.closest(".table");
      const key = `${box.id} ${choice.parentElement.textContent}`;
      const hide = () => box.classList.toggle(`off-${choice.value}`, hidden[key]);
      choice.checked = !hidden[key];
      choice.onchange = () => { hidden[key] = !choice.checked; hide(); remember("columns", hidden); };
      if (hidden[key]) hide();
    });
  }

  // In tables, arrow keys or the mouse choose a cell. Whatever else can be tabbed to waits for its cell to be chosen, so that
  // a table of any length is one stop.
  const CELL = "tbody > tr > *";
  const INSIDE = "tbody :is(a, .fold)";
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const cellCopy = button({ className: "copy", ariaLabel: "Copy this value" });
  const tabbing = (index, elements) => elements.forEach((element) => { element.tabIndex = index; });
  let chosen = cellCopy;
  function choose(cell) {
    if (!cell?.matches(CELL)) return;
    tabbing(-1, [chosen, ...all(INSIDE, chosen)]);
    tabbing(0, [cell, ...all(INSIDE, cell)]);
    chosen = cell;
    const { textContent: text, title } = cell;
    const exact = [text, title].find((each) => /^\d{1,3}(,\d{3})*$/.test(each));
    cellCopy.value = exact?.replaceAll(",", "") ?? (title || text);
    cell.append(cellCopy);
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function beside(cell, [down, right]) {
    const row = cell.parentElement;
    const rows = [...cell.closest("table").rows];
    const cells = [...row.cells].filter((each) => each.offsetWidth);
    return down ? rows[rows.indexOf(row) + down]?.cells[cell.cellIndex] : cells[cells.indexOf(cell) + right];
  }
  function press(event) {
    const { target, key } = event;
    const command = event.ctrlKey || event.metaKey;
    if (command !== (key === "c") || event.altKey) return;
    if (target.matches(".scroll") && key === "ArrowDown") choose(target.querySelector(CELL));
    else if (!target.matches(CELL)) return;
    else if (key in STEPS) choose(beside(target, STEPS[key]));
    else if (key === "Enter" || (command && getSelection().isCollapsed)) cellCopy.click();
    else if (key === " ") target.parentElement.fold?.click();
    else return;
    event.preventDefault();
  }
  function click({ target }) {
    all(".columns[open]").forEach((menu) => { menu.open = menu.contains(target); });
    if (target.matches(".themes *")) { paint(target.value); remember("theme", target.value); }
    else if (target.matches(".copy")) copy(target.value || target.parentElement.textContent);
    else if (!target.closest("a, button") && getSelection().isCollapsed) choose(target.closest(CELL));
  }
  const copy = (text) => navigator.clipboard?.writeText(text).then(() => {
    const said = document.querySelector(".toast");
    said.value = `Copied ${text}`;
    setTimeout(() => { said.value = ""; }, 2000);
  }, () => {});

  // Before the first paint: the theme. The rest, when the page is there.
  const theme = memory.theme ?? "auto";
  paint(theme);
  root.className = navigator.clipboard ? "live copies" : "live";
  addEventListener("DOMContentLoaded", () => {
    paint(theme);
    chooseColumns();
    const tables = all(".table").map(arrange);
    tabbing(-1, all(INSIDE));
    addEventListener("keydown", press);
    addEventListener("click", click);

    // In the contents, the section that is being read.
    const reading = new IntersectionObserver((entries) => {
      const id = entries.find((entry) => entry.isIntersecting)?.target.id;
      if (id) all(".contents a").forEach((link) => { link.ariaCurrent = link.hash === `#${id}` || null; });
    }, { rootMargin: "-20% 0px -75%" });
    all("main > section").forEach((section) => reading.observe(section));

    // The row that a link asks for may be folded or filtered away, and sections that were never on screen only guess their
    // height: the row comes back first, and is scrolled to again once its surroundings are laid out.
    const follow = () => {
      const id = location.hash.slice(1);
      if (!id) return;
      tables.forEach((reveal) => reveal(id));
      location.replace(location.hash);
      requestAnimationFrame(() => document.getElementById(id)?.scrollIntoView());
    };
    addEventListener("hashchange", follow);
    follow();
  });
})();

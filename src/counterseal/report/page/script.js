// Adds filters, the keyboard and the side panel to a page that is complete without them. Builds no markup from text.
(() => {
  "use strict";
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);
  const html = document.documentElement;
  html.classList.add("js");

  const panel = one("#panel");
  const table = one("#matrix");
  const rows = all("#matrix tr.route");
  const findings = all("details.finding");
  const evidence = all("details.route-evidence");
  const routeName = (row) => `${one(".method", row).textContent} ${one(".path", row).textContent}`;
  evidence.forEach((details) => { details.open = false; });
  const first = one("details.finding");
  if (first) first.open = true;

  // The grid: one stop for the Tab key, arrows inside (WAI-ARIA Authoring Practices, grid pattern).
  const links = (row) => all("a", row);
  const shown = () => rows.filter((row) => !row.hidden);
  let current = null;

  function setUpGrid() {
    if (!table) return;
    table.setAttribute("role", "grid");
    table.setAttribute("aria-readonly", "true");
    table.setAttribute("aria-rowcount", String(rows.length + 1));
    all("td", table).forEach((cell) => cell.setAttribute("role", "gridcell"));
    all("a", table).forEach((link) => { link.tabIndex = -1; });
    setCurrent(links(rows[0])[0]);
    table.addEventListener("keydown", onGridKey);
    table.addEventListener("click", onGridClick);
    table.addEventListener("focusin", (event) => {
      if (event.target.closest("tr.route") && event.target.matches("a")) {
        setCurrent(event.target);
        if (!panel.hidden && !event.target.closest(".count")) fillPanel(event.target);
      }
    });
  }

  function setCurrent(link) {
    if (current) {
      current.tabIndex = -1;
      current.removeAttribute("aria-current");
    }
    current = link;
    current.tabIndex = 0;
    current.setAttribute("aria-current", "true");
  }

  function onGridKey(event) {
    const link = event.target.closest("a");
    if (!link || event.altKey || event.metaKey) return;
    const visible = shown();
    const row = visible.indexOf(link.closest("tr"));
    const column = links(visible[row]).indexOf(link);
    const last = visible.length - 1;
    const to = (r, c) => {
      const cells = links(visible[Math.max(0, Math.min(last, r))]);
      cells[Math.max(0, Math.min(cells.length - 1, c))].focus();
    };
    const moves = {
      ArrowRight: () => to(row, column + 1),
      ArrowLeft: () => to(row, column - 1),
      ArrowDown: () => to(row + 1, column),
      ArrowUp: () => to(row - 1, column),
      PageDown: () => to(row + 10, column),
      PageUp: () => to(row - 10, column),
      Home: () => to(event.ctrlKey ? 0 : row, 0),
      End: () => to(event.ctrlKey ? last : row, 99),
      Enter: () => open(link),
      " ": () => open(link),
    };
    if (Object.hasOwn(moves, event.key)) {
      event.preventDefault();
      moves[event.key]();
    }
  }

  function onGridClick(event) {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(link);
  }

  function open(link) {
    setCurrent(link);
    if (link.closest(".count")) {
      reveal(one(link.getAttribute("href")));
      return;
    }
    fillPanel(link);
    panel.hidden = false;
    html.classList.add("panel-open");
    link.scrollIntoView({ block: "nearest", behavior: "instant" });
    one("#panel-title").focus({ preventScroll: true });
  }

  // The side panel shows copies of the evidence that stands further down on the page.
  function fillPanel(link) {
    const row = link.closest("tr");
    const source = one(link.getAttribute("href"));
    const whole = source.matches("details");
    const body = one("#panel-body");
    one("#panel-route").textContent = whole ? "" : routeName(row);
    one("#panel-title").textContent = whole ? routeName(row) : one("h4", source).textContent;
    body.replaceChildren();
    if (!whole) {
      const promise = document.createElement("p");
      promise.className = "promise";
      promise.textContent = `The promise: ${one("h4", source).title}.`;
      body.append(promise);
    }
    const copy = (whole ? one(".body", source) : one("div", source)).cloneNode(true);
    copy.removeAttribute("id");
    all("[id]", copy).forEach((node) => node.removeAttribute("id"));
    body.append(copy);
    appendFindings(body, routeName(row));
    panel.scrollTop = 0;
  }

  function appendFindings(body, name) {
    const mine = findings.filter((finding) => finding.dataset.route === name);
    if (!mine.length) return;
    const title = document.createElement("h3");
    title.textContent = "Findings on this route";
    const list = document.createElement("ul");
    mine.forEach((finding) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${finding.id}`;
      link.append(one(".sev", finding).cloneNode(true), ` ${one(".message", finding).textContent}`);
      item.append(link);
      list.append(item);
    });
    body.append(title, list);
  }

  function close() {
    if (panel.hidden) return;
    panel.hidden = true;
    html.classList.remove("panel-open");
    if (current) current.focus();
  }

  function reveal(target) {
    if (!target) return;
    const details = target.closest("details");
    if (details) {
      if (details.hidden) resetFilters();
      details.open = true;
      one("summary", details).focus({ preventScroll: true });
    }
    target.scrollIntoView({ block: "start" });
  }

  // Filters: routes by text, guarantee and state, and by the severity and exposure of their findings; findings the same way.
  const form = one("#filters");
  const field = (name) => one(`#f-${name}`);
  const records = rows.map((row) => ({
    row,
    name: routeName(row),
    text: `${routeName(row)} ${row.dataset.handler} ${row.dataset.place}`.toLowerCase(),
    cells: all("td[data-state]", row),
  }));
  const notes = findings.map((finding) => ({ finding, text: finding.textContent.toLowerCase(), ...finding.dataset }));
  const PROBLEMS = ["broken", "missing", "unknown"];

  function apply() {
    const wanted = {
      words: field("text").value.toLowerCase().split(/\s+/).filter(Boolean),
      column: field("guarantee").selectedIndex - 1,
      state: field("state").value,
      severity: field("severity").value,
      exposure: field("exposure").value,
    };
    const says = (text) => wanted.words.every((word) => text.includes(word));
    const grave = (note) => (!wanted.severity || note.severity === wanted.severity) && (!wanted.exposure || note.exposure === wanted.exposure);
    const isState = (cell) => (wanted.state === "problem" ? PROBLEMS.includes(cell.dataset.state) : cell.dataset.state === wanted.state);
    const hasState = (record) => !wanted.state || (wanted.column < 0 ? record.cells.some(isState) : isState(record.cells[wanted.column]));
    const graveRoutes = new Set(notes.filter(grave).map((note) => note.route));
    const stateRoutes = new Set(records.filter(hasState).map((record) => record.name));
    const byFinding = Boolean(wanted.severity || wanted.exposure);

    records.forEach((record) => {
      record.row.hidden = !(says(record.text) && stateRoutes.has(record.name) && hasState(record) && (!byFinding || graveRoutes.has(record.name)));
      record.cells.forEach((cell, column) => {
        cell.classList.toggle("dim", (wanted.column >= 0 && column !== wanted.column) || (Boolean(wanted.state) && !isState(cell)));
      });
    });
    notes.forEach((note) => {
      note.finding.hidden = !(says(note.text) && grave(note) && (!wanted.state || stateRoutes.has(note.route)));
    });
    tidy();
  }

  function tidy() {
    all("#matrix tbody").forEach((body) => { body.hidden = all("tr.route", body).every((row) => row.hidden); });
    all(".priority").forEach((part) => { part.hidden = all("details.finding", part).every((finding) => finding.hidden); });
    const visible = shown();
    const kept = findings.filter((finding) => !finding.hidden).length;
    one("#no-routes").hidden = visible.length > 0;
    one("#no-findings").hidden = kept > 0 || findings.length === 0;
    field("count").textContent = `${visible.length} of ${rows.length} routes, ${kept} of ${findings.length} findings`;
    if (current && current.closest("tr").hidden && visible.length) setCurrent(links(visible[0])[0]);
  }

  function resetFilters() {
    form.reset();
    apply();
  }

  function setUpFilters() {
    if (!form) return;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    new ResizeObserver(() => html.style.setProperty("--bar", `${form.offsetHeight}px`)).observe(form);
    all(".again").forEach((button) => button.addEventListener("click", resetFilters));
    apply();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") {
      if (!panel.hidden) close();
      else if (typing && form) resetFilters();
    } else if (event.key === "/" && !typing && form && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field("text").focus();
      field("text").select();
    }
  });
  one("#panel-close").addEventListener("click", close);
  panel.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    event.preventDefault();
    const target = one(link.getAttribute("href"));
    panel.hidden = true;
    html.classList.remove("panel-open");
    reveal(target);
  });
  window.addEventListener("hashchange", () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (target) reveal(target);
  });
  window.addEventListener("beforeprint", () => all("details").forEach((details) => { details.open = true; }));

  setUpGrid();
  setUpFilters();
})();

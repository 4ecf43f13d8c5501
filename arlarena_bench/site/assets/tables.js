"use strict";
// Sorting within what stands apart, and filtering whole tables.
(() => {
  function key(row, column) {
    const cell = row.cells[column];
    return { number: cell.dataset.key === undefined ? null : Number(cell.dataset.key), text: cell.textContent.trim() };
  }

  function compare(a, b, direction, numeric) {
    if (numeric) {
      // What says nothing comes last, whichever way.
      if (a.number === null || b.number === null) return (a.number === null) - (b.number === null);
      return direction * (a.number - b.number);
    }
    return direction * a.text.localeCompare(b.text, "en");
  }

  function sort(header) {
    const table = header.closest("table");
    const column = header.cellIndex;
    const before = header.getAttribute("aria-sort");
    const numeric = header.classList.contains("num");
    const first = numeric ? "descending" : "ascending";
    const second = numeric ? "ascending" : "descending";
    const now = before === first ? second : before === second ? "none" : first;
    for (const other of table.tHead.rows[0].cells) {
      if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    }
    header.setAttribute("aria-sort", now);
    for (const body of table.querySelectorAll("tbody.method")) {
      const rows = [...body.rows];
      if (now === "none") {
        rows.sort((a, b) => a.dataset.place - b.dataset.place);
      } else {
        const direction = now === "ascending" ? 1 : -1;
        rows.sort((a, b) => compare(key(a, column), key(b, column), direction, numeric));
      }
      body.append(...rows);
    }
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const body of table.tBodies) {
      [...body.rows].forEach((row, place) => { row.dataset.place = place; });
    }
    for (const header of table.tHead.rows[0].cells) {
      header.querySelector("button")?.addEventListener("click", () => sort(header));
    }
  }

  const form = document.getElementById("filters");
  if (!form) return;
  const NAMES = ["preset", "environment", "track", "tier"];

  function fits(element, wanted, separator) {
    return NAMES.every((name) => !wanted[name] || element.dataset[name].split(separator[name] ?? "\n").includes(wanted[name]));
  }

  function filter() {
    const wanted = Object.fromEntries(NAMES.map((name) => [name, form.elements[name].value]));
    let shown = 0;
    for (const table of document.querySelectorAll("[data-table]")) {
      table.hidden = !fits(table, wanted, {});
      shown += !table.hidden;
    }
    for (const suite of document.querySelectorAll("[data-suite]")) {
      suite.hidden = !fits(suite, wanted, { environment: " ", tier: "|" });
      for (const cell of suite.querySelectorAll("[data-environment]")) {
        cell.hidden = Boolean(wanted.environment) && cell.dataset.environment !== wanted.environment;
      }
    }
    for (const block of document.querySelectorAll("[data-block]")) {
      block.hidden = ![...block.children].some((child) => !child.hidden);
    }
    const all = document.querySelectorAll("[data-table]").length;
    document.getElementById("shown").textContent = `${shown} of ${all} tables`;
    document.getElementById("nothing").hidden = shown > 0;
    const told = NAMES.filter((name) => wanted[name]).map((name) => `${name}=${encodeURIComponent(wanted[name])}`);
    history.replaceState(null, "", told.length ? `#${told.join("&")}` : location.href.split("#")[0]);
  }

  const asked = new URLSearchParams(location.hash.slice(1));
  for (const name of NAMES) {
    const select = form.elements[name];
    if ([...select.options].some((option) => option.value === asked.get(name))) select.value = asked.get(name);
  }
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  filter();
})();

"use strict";
// Tables sort by a click on a column's head, or by Enter or Space on it. The
// order is stable; empty fields come last.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((th, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = th.textContent;
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      const numeric = th.classList.contains("number");
      const first = numeric ? "descending" : "ascending";
      const second = numeric ? "ascending" : "descending";
      const order = th.getAttribute("aria-sort") === first ? second : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...body.rows].map((row) => {
        const cell = row.cells[column];
        const text = numeric ? cell.dataset.sort : cell.textContent;
        return { row, empty: text === "", key: numeric ? Number(text) : text };
      });
      rows.sort((a, b) => {
        if (a.empty || b.empty) return a.empty - b.empty;
        return sign * (numeric ? a.key - b.key : a.key.localeCompare(b.key, "en", { numeric: true }));
      });
      body.append(...rows.map((r) => r.row));
    });
  });
}
// Print what is folded away.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((d) => { d.open = true; }));

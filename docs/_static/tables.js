// A table that is wider than its page is stacked: each row is a block, each cell in it stands beside its column's name.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const tables = [...document.querySelectorAll("article.bd-article table:not(.evidence)")];

  for (const table of tables) {
    // The name of pandas' index stands in a row of its own; it belongs into the corner above the index.
    const [heads, own] = table.tHead.rows;
    if (own && !heads.cells[0].textContent.trim() && [...own.cells].slice(1).every((cell) => !cell.textContent.trim())) {
      heads.cells[0].textContent = own.cells[0].textContent;
      own.remove();
    }
    const names = [...heads.cells].map((head) => head.textContent.trim());
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, column) => {
        if (cell.textContent.trim()) cell.dataset.column = names[column];
      });
    }
  }

  const fit = () => {
    for (const table of tables) {
      table.classList.remove("stacked");
      table.classList.toggle("stacked", table.offsetWidth > table.parentElement.clientWidth);
    }
  };

  fit();
  addEventListener("resize", fit);
  document.addEventListener("toggle", fit, true); // what was folded had no width
});

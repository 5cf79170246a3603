// A table that is wider than its page is stacked: each row is a block, each cell in it stands beside its column's name.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const tables = [...document.querySelectorAll("article.bd-article table:not(.evidence)")];

  for (const table of tables) {
    const names = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
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

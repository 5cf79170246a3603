// The filter of the evidence: shows the rows that match, says how many, and writes the choice into the address.
"use strict";
{
  const form = document.querySelector("form.filters");
  const rows = [...document.querySelectorAll("table.evidence tbody tr")];
  const count = document.querySelector("p.count");
  const given = new URLSearchParams(location.search);

  const matches = (row, { lesson, verdict, way, protocol, text }) =>
    (!lesson || row.dataset.lesson === lesson) &&
    (!verdict || row.dataset.verdict === verdict) &&
    (!way || row.dataset.way === way) &&
    (!protocol || row.dataset.protocol === protocol) &&
    text.toLowerCase().split(/\s+/).every((word) => row.textContent.toLowerCase().includes(word));

  const filter = () => {
    const chosen = Object.fromEntries(new FormData(form));
    for (const row of rows) row.hidden = !matches(row, chosen);
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = shown === rows.length ? `${shown} statements` : `${shown} of ${rows.length} statements`;
    const query = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value));
    history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
  };

  for (const field of form.querySelectorAll("[name]")) {
    if (given.has(field.name)) field.value = given.get(field.name);
  }
  form.hidden = false; // without this script the whole table shows, and no filter that does nothing
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter)); // after the fields have been emptied
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}

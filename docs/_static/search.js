// What the search quotes of a page is its article, without the buttons around it.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return; // not the page of the search
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    const article = page.querySelector("article.bd-article");
    const part = (anchor && page.getElementById(anchor.slice(1))) || article || page.body;
    for (const element of part.querySelectorAll(".headerlink, script, style, summary")) element.remove();
    return part.textContent;
  };
});

"use strict";
/* The table of positions: sorted by a click on a heading, filtered by what is typed. Its rows are
   taken from the page once; what is shown of them is put back in one piece. Without this script it
   is a table like any other. */
(() => {
  const table = document.getElementById("rows");
  if (!table) return;
  const body = table.tBodies[0];
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  const AT_ONCE = 200;
  const number = new Intl.NumberFormat("en-US");
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const rows = Array.from(body.rows, (row, place) => {
    const texts = Array.from(row.cells, (cell) => cell.textContent);
    return { row, place, texts, text: texts.join(" ").toLowerCase() };
  });
  let order = rows, shown = rows;

  const elements = (some) => some.map((each) => each.row);

  function update() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = ({ text }) => words.every((word) => text.includes(word));
    shown = words.length ? order.filter(fits) : order;
    body.replaceChildren(...elements(shown.slice(0, AT_ONCE)));
    tell();
  }
  function tell() {
    const seen = body.rows.length, left = shown.length - seen;
    count.textContent = `${number.format(shown.length)} of ${number.format(rows.length)} rows`
      + (left ? `, the first ${number.format(seen)} shown` : "");
    more.parentElement.hidden = !left;
    more.textContent = `Show ${number.format(Math.min(left, AT_ONCE))} more`;
  }
  function sort(heading, column) {
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((each) => ({ each, key: key(each.texts[column], heading) }));
    keyed.sort((a, b) => between(a.key, b.key, down ? -1 : 1) || a.each.place - b.each.place);
    order = keyed.map(({ each }) => each);
    update();
  }
  function key(text, heading) {
    if (!heading.classList.contains("number")) return text;
    const value = parseFloat(text.replace(/,/g, ""));
    return Number.isNaN(value) ? "" : value;
  }
  /* What is empty comes last, whichever way it is sorted. */
  function between(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (typeof a === "number" ? a - b : compare(a, b));
  }

  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
  }
  table.tHead.addEventListener("click", (event) => {
    const heading = event.target.closest("button")?.parentElement;
    if (heading) sort(heading, heading.cellIndex);
  });
  filter.addEventListener("input", update);
  more.addEventListener("click", () => {
    const seen = body.rows.length;
    body.append(...elements(shown.slice(seen, seen + AT_ONCE)));
    tell();
  });
  /* What is signed is the whole table, in the order in which the gateway sent it. */
  window.addEventListener("beforeprint", () => {
    body.replaceChildren(...elements(rows.slice(0, AT_ONCE)));
  });
  window.addEventListener("afterprint", update);
  filter.closest(".tools").hidden = false;
  update();
})();

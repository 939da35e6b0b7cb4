"use strict";
/* Sorts and filters the table; adds the days since the page was written. Without it all is there. */
(() => {
  const form = document.getElementById("filter");
  if (form) {
    const rows = [...document.querySelectorAll("#runs tbody tr")];
    const texts = rows.map(row => row.textContent.toLowerCase());
    const output = form.querySelector("output");
    const fields = ["target", "verdict", "words"];

    const show = () => {
      const [target, verdict, words] = fields.map(name => form.elements[name].value);
      const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, number) => {
        row.hidden = (target && row.dataset.target !== target)
          || (verdict && row.dataset.verdict !== verdict)
          || !wanted.every(word => texts[number].includes(word));
        shown += !row.hidden;
      });
      output.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} runs`;
    };
    const remember = () => {
      const chosen = new URLSearchParams();
      fields.forEach(name => form.elements[name].value && chosen.set(name, form.elements[name].value));
      history.replaceState(null, "", chosen.size ? `#${chosen}` : location.pathname);
    };
    const recall = () => {
      const chosen = new URLSearchParams(location.hash.slice(1));
      fields.forEach(name => { form.elements[name].value = chosen.get(name) ?? ""; });
      show();
    };
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const headings = [...document.querySelectorAll("#runs th[data-by]")];
    const sort = heading => {
      const by = heading.dataset.by, isDown = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach(each => each.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      const sign = isDown ? -1 : 1, isNumber = heading.classList.contains("number");
      const key = row => row.dataset[by] && isNumber ? parseFloat(row.dataset[by]) : row.dataset[by] ?? "";
      /* What is empty comes last, whichever way it is sorted. */
      const between = (a, b) => a === "" || b === "" ? (a === "") - (b === "")
        : sign * (isNumber ? a - b : compare(a, b));
      const sorted = rows.map((row, place) => ({ row, place, key: key(row) }))
        .sort((a, b) => between(a.key, b.key) || a.place - b.place);
      document.querySelector("#runs tbody").append(...sorted.map(each => each.row));
    };
    for (const heading of headings) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      button.addEventListener("click", () => sort(heading));
      heading.append(button);
    }
    form.hidden = false;
    form.addEventListener("input", () => { show(); remember(); });
    form.addEventListener("reset", () => setTimeout(() => { show(); remember(); }));
    form.addEventListener("submit", event => event.preventDefault());
    window.addEventListener("hashchange", () => { if (location.hash.includes("=")) recall(); });
    recall();
  }

  const DAY = 86_400_000, LONGEST = 26 * 7, STEP = 15, LEFT = 30;
  const SVG = "http://www.w3.org/2000/svg";
  const now = new Date();
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  const named = day => new Date(day).toISOString().slice(0, 10);
  for (const figure of document.querySelectorAll("figure.days")) {
    // The first week is a row of named days, later ones columns. No dates: no run is expected.
    const isRow = "first" in figure.dataset, first = Date.parse(figure.dataset.first ?? figure.dataset.monday);
    const until = Date.parse(figure.dataset.until), last = Math.min(today, until + LONGEST * DAY);
    const svg = figure.querySelector("svg");
    const missed = [];
    const put = (use, day) => {
      const standing = day < today ? "hole" : "awaited";
      if (standing === "hole") missed.push(named(day));
      use.setAttribute("href", `#day-${standing}`);
      const title = use.querySelector("title") ?? use.appendChild(document.createElementNS(SVG, "title"));
      title.textContent = `${named(day)}: ${standing === "hole" ? "no run" : "no run yet"}`;
    };
    const awaited = svg.querySelector('use[href="#day-awaited"]');
    if (awaited && until < today) put(awaited, until);
    for (let day = until + DAY; day <= last; day += DAY) {
      const use = svg.appendChild(document.createElementNS(SVG, "use"));
      const number = Math.round((day - first) / DAY);
      const x = isRow ? number * 50 : Math.floor(number / 7) * STEP + LEFT, y = isRow ? 20 : number % 7 * STEP + 17;
      Object.entries({ x, y, width: 12, height: 12 }).forEach(each => use.setAttribute(...each));
      svg.setAttribute("width", Math.max(svg.getAttribute("width"), x + (isRow ? 50 : STEP)));
      if (isRow) {
        const name = svg.insertBefore(document.createElementNS(SVG, "text"), use);
        Object.entries({ x, y: 12 }).forEach(each => name.setAttribute(...each));
        name.textContent = new Date(day).toUTCString().slice(0, 7).replace(",", "");
      }
      put(use, day);
    }
    if (missed.length) {
      const note = figure.appendChild(document.createElement("p"));
      note.className = "holes since";
      const days = missed.length === 1 ? missed[0] : `${missed[0]} to ${missed.at(-1)}`;
      note.textContent = `No run since this page was written: ${days}`;
      svg.setAttribute("aria-label", `${svg.getAttribute("aria-label")}; no run since: ${days}`);
    }
    const box = figure.querySelector(".scroll");
    box.scrollLeft = box.scrollWidth;
  }
})();

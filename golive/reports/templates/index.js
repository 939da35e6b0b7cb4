"use strict";
/* The filter, kept in the address; and the days that have passed since the page was written. */
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
    form.hidden = false;
    form.addEventListener("input", () => { show(); remember(); });
    form.addEventListener("reset", () => setTimeout(() => { show(); remember(); }));
    form.addEventListener("submit", event => event.preventDefault());
    window.addEventListener("hashchange", () => { if (location.hash.includes("=")) recall(); });
    recall();
  }

  const DAY = 86_400_000, LONGEST = 26 * 7, STEP = 15;
  const SVG = "http://www.w3.org/2000/svg";
  const now = new Date();
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  const named = day => new Date(day).toISOString().slice(0, 10);
  for (const figure of document.querySelectorAll("figure.days")) {
    // without a date, where no run is due: then no day is missed
    const monday = Date.parse(figure.dataset.monday), until = Date.parse(figure.dataset.until);
    const last = Math.min(today, until + LONGEST * DAY);
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
      const number = Math.round((day - monday) / DAY);
      use.setAttribute("x", Math.floor(number / 7) * STEP);
      use.setAttribute("y", number % 7 * STEP + 17);
      use.setAttribute("width", 12);
      use.setAttribute("height", 12);
      svg.setAttribute("width", Math.max(svg.getAttribute("width"), (Math.floor(number / 7) + 1) * STEP));
      put(use, day);
    }
    if (missed.length) {
      const note = figure.appendChild(document.createElement("p"));
      note.className = "holes since";
      const days = missed.length === 1 ? missed[0] : `${missed[0]} to ${missed.at(-1)}`;
      note.textContent = `And none since this page was written: ${days}`;
      svg.setAttribute("aria-label", `${svg.getAttribute("aria-label")}; and none since: ${days}`);
    }
    const box = figure.querySelector(".scroll");
    box.scrollLeft = box.scrollWidth;
  }
})();

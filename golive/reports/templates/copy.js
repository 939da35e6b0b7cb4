"use strict";
/* A button behind each command copies it. Without this script there is none. */
(() => {
  for (const box of document.querySelectorAll(".command")) {
    const command = box.querySelector("code");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${command.textContent}`);
    button.addEventListener("click", async () => {
      const done = await copied(command);
      button.textContent = done ? "Copied" : "Press Ctrl+C";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    box.append(button);
  }
  /* Some browsers keep the clipboard from a page that is a file: there it is at least selected. */
  async function copied(command) {
    try {
      await navigator.clipboard.writeText(command.textContent);
      return true;
    } catch {
      getSelection().selectAllChildren(command);
      return document.execCommand("copy");
    }
  }
})();

// A button on each block of code that copies it, however the block came onto the page.

import { copyText } from "./clipboard.js";

const TOLD_MS = 1_500;

export class CodeCopy {
  /** The button is the one in `template`. */
  constructor(list, template, announcer) {
    Object.assign(this, { list, template, announcer });
    this.#decorate();
    new MutationObserver(() => this.#decorate()).observe(list, { childList: true, subtree: true });
    list.addEventListener("click", (event) => this.#click(event));
  }

  #decorate() {
    for (const code of this.list.querySelectorAll(".prose .code:not(:has(> .code-copy))")) {
      code.append(this.template.content.firstElementChild.cloneNode(true));
    }
  }

  async #click(event) {
    const button = event.target.closest(".code-copy");
    if (!button) return;
    const { textContent } = button.parentElement.querySelector("code");
    const done = await copyText(Promise.resolve(textContent));
    this.announcer.say(done ? "copied" : "uncopied", "");
    if (!done) return;
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, TOLD_MS);
  }
}

// Says that the page has lost the server, and that it was shut out: loading it again tells more.

import { sentenceOf } from "./sentences.js";

// Who is back sooner has missed nothing that one would notice.
const AFTER_MS = 1_500;

export class Connection {
  #timer = null;

  constructor(element) {
    this.element = element;
  }

  /** `state` is one of the channel's stream. */
  show(state) {
    clearTimeout(this.#timer);
    const { gone } = this.element.dataset;
    if (state === "reconnecting") this.#timer = setTimeout(() => (this.element.textContent = gone), AFTER_MS);
    else this.element.replaceChildren();
  }

  refused({ error_code: code, error }) {
    const again = document.createElement("a");
    again.href = location.pathname + location.search;
    again.textContent = sentenceOf(code, error);
    this.element.replaceChildren(again);
  }
}

// Fetches older messages as one scrolls up. The link to them works as it is; it stays where the
// server cannot be reached.

import { getParts } from "./api.js";

const NEAR_TOP_PX = 800;

export class OlderMessages {
  #isLoading = false;

  /** `onShown(articles)` gets what was put in. */
  constructor(history, onShown) {
    Object.assign(this, { history, onShown });
    history.scroller.addEventListener("scroll", () => this.#look(), { passive: true });
  }

  async #look() {
    const link = this.history.list.querySelector("#older");
    if (!link || this.#isLoading || this.history.abovePx > NEAR_TOP_PX) return;
    this.#isLoading = true;
    try {
      this.#show(link, await getParts(link.querySelector("a").href, "#older, #messages > .message"));
    } catch {
      // The link is still there to be pressed.
    } finally {
      this.#isLoading = false;
    }
  }

  #show(link, parts) {
    const focused = link.contains(document.activeElement);
    const fresh = parts.filter((part) => !this.history.list.querySelector(`#${part.id}`) || part.id === "older");
    link.replaceWith(...fresh);
    if (focused) this.history.scroller.focus();
    this.onShown(fresh.filter((part) => part.id !== "older"));
  }
}

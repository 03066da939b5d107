// Tells the server what has been on the screen, so that it is not unread elsewhere.

import { markRead } from "./api.js";
import { idOf } from "./history.js";

const AFTER_MS = 400;

export class ReadMark {
  #marked;
  #timer = null;

  /** What the page came with is marked by the server. */
  constructor(history) {
    this.history = history;
    this.#marked = this.#lastSeen;
    history.scroller.addEventListener("scroll", () => this.look(), { passive: true });
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Something may be read now that was not. */
  look() {
    if (this.#timer || document.hidden || !this.history.isAtEnd || this.#lastSeen <= this.#marked) return;
    this.#timer = setTimeout(() => this.#mark(), AFTER_MS);
  }

  async #mark() {
    const last = this.#lastSeen;
    await markRead(last).then(
      () => (this.#marked = last),
      () => {}, // the next message or page tells it
    );
    this.#timer = null;
    if (this.#lastSeen > this.#marked && last === this.#marked) this.look();
  }

  /** An answer that is being written is yet to be seen. */
  get #lastSeen() {
    const isOpen = ({ dataset }) => dataset.status === "thinking" || dataset.status === "streaming";
    const articles = this.history.articles.filter((article) => article.id || isOpen(article));
    const open = articles.findIndex(isOpen);
    const seen = open < 0 ? articles : articles.slice(0, open);
    return seen.length ? idOf(seen.at(-1)) : 0;
  }
}

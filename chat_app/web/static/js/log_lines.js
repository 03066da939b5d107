// The lines of a log on the page, as they come: however many, they are drawn once a frame, in
// pieces that the browser lays out only when they come near, and the newest stay.

import { elementOf, nameTime, showTime } from "./log_element.js";
import { matches } from "./log_line.js";

const PIECE_LINES = 200; // as parts/log.html
const LINES_MAX = 10_000; // as many as are kept of a log

export class LogLines {
  #waiting = [];
  #isDrawing = false;
  #words = "";
  #least = "";
  #heldUpTo;
  #shown;
  #all;

  /**
   * `list` has the lines that the server drew. With `heldUpTo` these are only a part: they stay
   * until all up to that number have come anew. `onChange(shown, all, fresh)` is told how many there are.
   */
  constructor(history, blank, heldUpTo, onChange) {
    Object.assign(this, { history, blank, onChange, list: history.list });
    this.#heldUpTo = heldUpTo;
    this.#shown = this.#all = this.list.querySelectorAll(".line:not(.gap)").length;
    for (const time of this.list.querySelectorAll("time")) showTime(time, new Date(time.dateTime));
    this.list.addEventListener("pointerover", ({ target }) => nameTime(target.closest("time")));
  }

  /** One more, with its number in the journal. */
  add(line, seq) {
    this.#waiting.push({ ...line, seq });
    if (this.#waiting.length > 2 * LINES_MAX) this.#waiting.splice(0, LINES_MAX); // nobody looks
    this.#plan();
  }

  /** No more will come: what was held back is shown. */
  end() {
    if (this.#heldUpTo !== undefined) this.#heldUpTo = 0;
    this.#plan();
  }

  /** It begins anew. */
  clear() {
    this.#waiting = [];
    this.#heldUpTo = 0;
  }

  find(words, least) {
    [this.#words, this.#least] = [words.toLowerCase(), least];
    if (this.#heldUpTo === undefined) this.history.keepPlace(() => this.#filter());
  }

  #plan() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (this.#heldUpTo === undefined || this.#isThere) this.history.keepPlace(() => this.#draw());
    });
  }

  get #isThere() {
    return this.#heldUpTo === 0 || this.#waiting.at(-1)?.seq >= this.#heldUpTo;
  }

  #draw() {
    if (this.#heldUpTo !== undefined) {
      this.list.replaceChildren();
      this.#shown = this.#all = 0;
      this.#heldUpTo = undefined;
      this.#filter();
    }
    const [fresh, isRead] = [this.#waiting.splice(0), !this.history.isAtEnd];
    for (const line of fresh) this.#append(line, isRead);
    this.#dropOldest();
    this.onChange(this.#shown, this.#all, fresh.length);
  }

  /** While somebody reads further up, `isRead`, nothing below may change its height later. */
  #append(line, isRead) {
    const element = elementOf(line, this.blank);
    const isFound = matches(line, this.#words, this.#least);
    element.hidden = !isFound;
    let piece = this.list.lastElementChild;
    if (!piece?.matches(".lines") || piece.childElementCount >= PIECE_LINES) {
      piece = document.createElement("ol");
      piece.className = isRead ? "lines sized" : "lines";
      this.list.append(piece);
    }
    piece.append(element);
    if (line.isGap) return;
    this.#all += 1;
    this.#shown += isFound;
  }

  #dropOldest() {
    while (this.#all > LINES_MAX + PIECE_LINES) {
      const oldest = [...this.list.firstElementChild.querySelectorAll(".line:not(.gap)")];
      this.#all -= oldest.length;
      this.#shown -= oldest.filter((line) => !line.hidden).length;
      this.list.firstElementChild.remove();
    }
  }

  #filter() {
    this.history.scroller.classList.toggle("found", Boolean(this.#words || this.#least));
    this.#shown = 0;
    for (const element of this.list.querySelectorAll(".line")) {
      const isGap = element.matches(".gap");
      const line = { text: element.lastElementChild.textContent, level: element.dataset.level ?? "", isGap };
      element.hidden = !matches(line, this.#words, this.#least);
      this.#shown += !element.hidden && !isGap;
    }
    this.onChange(this.#shown, this.#all, 0);
  }
}

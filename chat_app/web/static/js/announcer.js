// Tells screen readers when an answer begins, what it waits for, and how it ended, and nothing in
// between: a text that is read out piece by piece cannot be listened to. What did not work is seen
// as well.

const PROBLEMS = ["failed", "uncopied"];
const SEEN_MS = 6_000;

export class Announcer {
  constructor(element) {
    this.element = element;
  }

  /** `what` is the name of a sentence in the element's data. */
  say(what, name) {
    const isProblem = PROBLEMS.includes(what);
    this.element.className = isProblem ? "toast" : "visually-hidden";
    if (isProblem) setTimeout(() => (this.element.className = "visually-hidden"), SEEN_MS);
    this.element.textContent = this.element.dataset[what].replace("{name}", () => name);
  }
}

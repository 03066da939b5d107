// Tells screen readers when an answer begins, what it waits for, and how it ended, and nothing in
// between: a text that is read out piece by piece cannot be listened to.

export class Announcer {
  constructor(element) {
    this.element = element;
  }

  /** `what` is begins, uses, asks, ends or fails. */
  say(what, name) {
    this.element.textContent = this.element.dataset[what].replace("{name}", () => name);
  }
}

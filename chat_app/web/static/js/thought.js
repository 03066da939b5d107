// What the model thought before it answered, and for how long. Pure, but for the clock it is given.

export class Thought {
  #pieces = [];
  #since = null;
  #ms = 0;

  constructor(clock = () => performance.now()) {
    this.clock = clock;
  }

  add(content, seq) {
    // Between two rounds of thinking something was said or done.
    const gap = this.#since === null && this.#pieces.length ? "\n\n" : "";
    this.#since ??= this.clock();
    this.#pieces.push({ seq, content: gap + content });
  }

  /** Something else came. */
  rest() {
    if (this.#since === null) return;
    this.#ms += this.clock() - this.#since;
    this.#since = null;
  }

  withdraw(fromSeq) {
    this.#pieces = this.#pieces.filter(({ seq }) => seq < fromSeq);
  }

  get text() {
    return this.#pieces.map(({ content }) => content).join("").trim();
  }

  get isOpen() {
    return this.#since !== null;
  }

  /** Whole seconds; 0 for what came at once, as it does when an answer is joined later. */
  get seconds() {
    return Math.round(this.#ms / 1_000);
  }
}

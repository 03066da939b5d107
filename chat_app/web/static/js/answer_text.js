// The text of an answer as its events tell it. Pure.

export class AnswerText {
  #pieces = [];

  /** Takes one event; true when the text changed. */
  take(event, seq) {
    if (event.type === "chunk") {
      this.#pieces.push({ seq, text: event.content });
    } else if (event.type === "restart") {
      // The process that wrote these died in the middle of a round: they come anew.
      this.#pieces = this.#pieces.filter((piece) => piece.seq < event.from_seq);
    } else if (event.type === "start" && event.reset) {
      this.#pieces = [];
    } else {
      return false;
    }
    return true;
  }

  toString() {
    return this.#pieces.map((piece) => piece.text).join("");
  }
}

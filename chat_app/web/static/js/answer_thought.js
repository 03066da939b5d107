// Draws what the model thought, folded, above its answer. It is not kept with the message.

export class AnswerThought {
  #element = null;

  /** It stands before `body`. */
  constructor(body) {
    this.body = body;
  }

  show(thought) {
    const { text } = thought;
    if (!text) return this.#element?.remove();
    const element = (this.#element ??= copyOf("#thought"));
    if (!element.isConnected) this.body.before(element);
    element.toggleAttribute("data-thinking", thought.isOpen);
    const words = element.querySelector(".thought-text");
    if (words.textContent !== text) words.textContent = text;
    const time = element.querySelector(".thought-time");
    if (!thought.isOpen && thought.seconds) {
      time.textContent = time.dataset.seconds.replace("{seconds}", () => thought.seconds);
    }
  }

  /** The element, if there is any. */
  get element() {
    return this.#element?.isConnected ? this.#element : null;
  }
}

function copyOf(template) {
  return document.querySelector(template).content.firstElementChild.cloneNode(true);
}

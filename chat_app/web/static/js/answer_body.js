// Draws the parts of an answer that is being written. What is there already is changed in place, so
// that an open card stays open and a form keeps what was typed into it.

import { ToolCard } from "./tool_card.js";

export class AnswerBody {
  #cards = new Map();
  #texts = [];

  /** `element` may have parts that the server drew: its cards are taken over. */
  constructor(element, notices) {
    Object.assign(this, { element, notices });
    for (const card of element.querySelectorAll(".tool")) {
      this.#cards.set(card.dataset.call, new ToolCard(card));
    }
  }

  show(parts, runId) {
    let texts = 0;
    const { list } = parts;
    const nodes = list.map(({ text, call }, place) =>
      call ? this.#card(call, runId) : this.#text(texts++, text, place === list.length - 1),
    );
    // Only what is new or gone is moved: moving a node takes the focus from it.
    for (const child of [...this.element.children]) if (!nodes.includes(child)) child.remove();
    nodes.forEach((node, place) => {
      const there = this.element.children[place];
      if (there !== node) this.element.insertBefore(node, there ?? null);
    });
    this.notices.replaceChildren(...parts.notices.map(noticeOf));
  }

  #card(call, runId) {
    if (!this.#cards.has(call.id)) this.#cards.set(call.id, ToolCard.make(call.id));
    const card = this.#cards.get(call.id);
    card.show(call, runId);
    return card.element;
  }

  #text(number, text, isLast) {
    this.#texts[number] ??= textElement();
    const element = this.#texts[number];
    // A round ends and begins with empty lines; the cards have room around them already.
    const shown = isLast ? text.trimStart() : text.trim();
    if (element.textContent !== shown) element.textContent = shown;
    return element;
  }
}

function textElement() {
  const element = document.createElement("div");
  element.className = "text prose raw";
  element.dir = "auto";
  return element;
}

function noticeOf(message) {
  const line = document.createElement("p");
  line.dir = "auto";
  line.textContent = message;
  return line;
}

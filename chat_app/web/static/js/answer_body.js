// Draws the parts of an answer that is being written. What is there already is changed in place, so
// that an open card stays open and a form keeps what was typed into it.

import { AnswerBlocks } from "./answer_blocks.js";
import { AnswerThought } from "./answer_thought.js";
import { TaskNow } from "./task_now.js";
import { ToolCard } from "./tool_card.js";

export class AnswerBody {
  #cards = new Map();
  #texts = []; // { element, blocks }

  /** `element` may have parts that the server drew: its cards are taken over. */
  constructor(element, notices) {
    Object.assign(this, { element, notices });
    this.thought = new AnswerThought(element);
    this.task = new TaskNow(element);
    for (const card of element.querySelectorAll(".tool")) {
      this.#cards.set(card.dataset.call, new ToolCard(card));
    }
  }

  show(parts, runId) {
    let texts = 0;
    const { list } = parts;
    const nodes = list.map(({ text, blocks, call }, place) => {
      if (call) return this.#card(call, runId);
      return this.#text(texts++, text, blocks, place === list.length - 1);
    });
    this.#arrange(nodes);
    this.thought.show(parts.thought);
    this.task.show(parts.task, runId);
    this.notices.replaceChildren(...parts.notices.map(noticeOf));
  }

  /** Becomes what the server keeps; a text that is the same already stays in its place. */
  become(stored) {
    const here = [...this.element.children];
    const parts = [...stored.children];
    const nodes = [...stored.childNodes].map((node) => {
      const there = here[parts.indexOf(node)];
      const drawn = this.#texts.find(({ element }) => element === there)?.blocks;
      return there && drawn?.isIn(node) ? there : node;
    });
    this.#arrange(nodes);
  }

  /** Only what is new or gone is moved: moving a node takes focus and selection from it. */
  #arrange(nodes) {
    for (const child of [...this.element.childNodes]) if (!nodes.includes(child)) child.remove();
    nodes.forEach((node, place) => {
      const there = this.element.childNodes[place];
      if (there !== node) this.element.insertBefore(node, there ?? null);
    });
  }

  #card(call, runId) {
    if (!this.#cards.has(call.id)) this.#cards.set(call.id, ToolCard.make(call.id));
    const card = this.#cards.get(call.id);
    card.show(call, runId);
    return card.element;
  }

  #text(number, text, blocks, isLast) {
    const drawn = (this.#texts[number] ??= { element: textElement(), blocks: null });
    if (blocks) this.#draw(drawn, blocks);
    // A round ends and begins with empty lines; the cards have room around them already.
    else this.#write(drawn, isLast ? text.trimStart() : text.trim());
    return drawn.element;
  }

  /** Until the server has drawn it, or where it does not. */
  #write(drawn, text) {
    drawn.blocks = null;
    drawn.element.classList.add("raw");
    if (drawn.element.textContent !== text) drawn.element.textContent = text;
  }

  #draw(drawn, blocks) {
    if (!drawn.blocks) {
      drawn.element.classList.remove("raw");
      drawn.element.replaceChildren();
      drawn.blocks = new AnswerBlocks(drawn.element);
    }
    drawn.blocks.show(blocks);
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

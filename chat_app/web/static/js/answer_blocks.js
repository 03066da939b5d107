// The blocks of a text as HTML, while it is written. Only those that changed are put in anew: what
// somebody has selected or scrolled in the others stays.

export class AnswerBlocks {
  #shown = []; // { html, nodes }

  constructor(element) {
    this.element = element;
  }

  /** `blocks` are from the server's renderer, which is the only one that may make HTML. */
  show(blocks) {
    for (const { nodes } of this.#shown.splice(blocks.length)) for (const node of nodes) node.remove();
    blocks.forEach((html, place) => {
      if (this.#shown[place]?.html !== html) this.#put(place, html);
    });
  }

  /** Whether an element that the server drew shows the same. */
  isIn(element) {
    const html = this.#shown.map((block) => block.html).join("");
    // Compared as the browser writes it: not everywhere as the server does.
    return templateOf({ html }).innerHTML === element.innerHTML;
  }

  #put(place, html) {
    const nodes = [...templateOf({ html }).content.childNodes];
    const old = this.#shown[place]?.nodes;
    if (old) {
      old[0].before(...nodes);
      keepScrolled(old, nodes);
      for (const node of old) node.remove();
    } else {
      this.element.append(...nodes);
    }
    this.#shown[place] = { html, nodes };
  }
}

/** What scrolls sideways: code and tables. */
function keepScrolled(old, nodes) {
  const [before, after] = [old, nodes].map((list) => list.flatMap(scrollersIn));
  before.forEach(({ scrollLeft }, place) => {
    if (scrollLeft && after[place]) after[place].scrollLeft = scrollLeft;
  });
}

function scrollersIn(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return [];
  const inside = [...node.querySelectorAll("pre, .table, .math")];
  return node.matches(".table, .math") ? [node, ...inside] : inside;
}

function templateOf(block) {
  const made = document.createElement("template");
  made.innerHTML = block.html; // sanitised by the server's renderer
  return made;
}

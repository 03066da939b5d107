// Event-stream frames from text that arrives in pieces (WHATWG HTML, "Server-sent events"). Pure.
// Our server ends lines with LF.

export class Frames {
  #rest = "";

  /**
   * The frames that `text` completes: `[{id, event, data}]`, each as far as it has them. Comments,
   * `retry`, and what has no data are left out.
   */
  push(text) {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop();
    return blocks.map(fieldsOf).filter((frame) => frame.data !== undefined);
  }
}

function fieldsOf(block) {
  const frame = {};
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === "id" || name === "event") frame[name] = value;
    if (name === "data") frame.data = frame.data === undefined ? value : `${frame.data}\n${value}`;
  }
  return frame;
}

// Event-stream frames from text that arrives in pieces (WHATWG HTML, "Server-sent events"). Pure.
// Our server ends lines with LF and writes one `data` line a frame.

export class Frames {
  #rest = "";

  /** The frames that `text` completes: `[{id, data}]`. Comments and `retry` are left out. */
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
    if (name === "id" || name === "data") frame[name] = value;
  }
  return frame;
}

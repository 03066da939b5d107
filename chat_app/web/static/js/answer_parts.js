// What an answer consists of, as its events tell it: texts, and the tool calls between. Pure.

export class AnswerParts {
  #items = []; // in order: { text: [{ seq, content }] } or { call }
  #calls = new Map();
  #notices = new Map();
  #changes = 0;

  /** Takes one event; true when there is something else to show. */
  take(event, seq) {
    const take = this.#takers[event.type];
    return take ? take(event, seq) !== false : false;
  }

  /** `[{ text } | { call }]` without what was withdrawn. */
  get list() {
    const shown = this.#items.map(({ text, call }) =>
      call ? { call } : { text: text.map((piece) => piece.content).join("") },
    );
    return shown.filter(({ call, text }) => call || text.trim());
  }

  get calls() {
    return [...this.#calls.values()];
  }

  /** Sentences, each once. */
  get notices() {
    return [...this.#notices.values()];
  }

  /** Whether neither a text nor a tool is at work at the end. */
  get isThinking() {
    const last = this.list.at(-1);
    if (!last) return true;
    return Boolean(last.call) && !this.calls.some((call) => isOpen(call));
  }

  #takers = {
    start: (event) => Boolean(event.reset) && this.#forget(),
    chunk: (event, seq) => this.#add(event.content, seq),
    // The process that wrote these died in the middle of a round: they come anew.
    restart: (event) => this.#withdraw(event.from_seq),
    notice: (event) => this.#notices.set(`${event.error_code} ${event.message}`, event.message),
    tool_approval: (event) => {
      const call = this.#call(event);
      this.#change(call, { state: "waiting", asks: call.asks + 1 });
    },
    tool_call: (event) => this.#change(this.#call(event), { state: "running" }),
    tool_progress: (event) => {
      const call = this.#calls.get(event.call_id);
      if (!call || !isOpen(call)) return false;
      const { progress, total, message } = event;
      return this.#change(call, { state: "running", progress: { progress, total, message } });
    },
    tool_result: (event) => {
      const { result, structured, content, duration_ms: durationMs } = event;
      const ended = { state: endOf(event), progress: null, result, structured, content, durationMs };
      return this.#change(this.#call(event), ended);
    },
  };

  /** `version` tells who draws it whether there is anything new. */
  #change(call, values) {
    this.#changes += 1;
    Object.assign(call, values, { version: this.#changes });
  }

  #forget() {
    this.#items = [];
    this.#calls.clear();
    this.#notices.clear();
    return true;
  }

  #add(content, seq) {
    const last = this.#items.at(-1);
    if (last?.text) last.text.push({ seq, content });
    else this.#items.push({ text: [{ seq, content }] });
  }

  #withdraw(fromSeq) {
    for (const item of this.#items) {
      if (item.text) item.text = item.text.filter(({ seq }) => seq < fromSeq);
    }
  }

  /** The call that an event is about, whichever event comes first and however often. */
  #call({ call_id: id, tool, server, args }) {
    let call = this.#calls.get(id);
    if (!call) {
      call = { id, tool, server, args, asks: 0, state: "running", progress: null };
      this.#calls.set(id, call);
      this.#items.push({ call });
    }
    return call;
  }
}

export function isOpen(call) {
  return call.state === "running" || call.state === "waiting";
}

function endOf({ is_error: isError, error_code: code }) {
  if (!isError) return "done";
  return code === "tool_denied" ? "refused" : "failed";
}

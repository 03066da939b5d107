// What an answer consists of, as its events tell it: texts, and the tool calls between. Pure.

import { TaskNews } from "./task_news.js";
import { Thought } from "./thought.js";

// These come while the model thinks, and say nothing of what it does.
const BESIDE_THOUGHT = ["reasoning", "html", "notice"];

export class AnswerParts {
  thought = new Thought();
  task = new TaskNews();
  #items = []; // in order: { text: [{ seq, content }], after } or { call }
  #calls = new Map();
  #blocks = new Map(); // by how many calls stand before the text
  #notices = new Map();
  #changes = 0;

  /** Takes one event; true when there is something else to show. */
  take(event, seq) {
    if (this.task.take(event)) return true;
    const take = this.#takers[event.type];
    if (take && !BESIDE_THOUGHT.includes(event.type)) this.thought.rest();
    return take ? take(event, seq) !== false : false;
  }

  /**
   * `[{ text, blocks } | { call }]` without what was withdrawn. `blocks` is the text as HTML by the
   * server's renderer; undefined where that has not come.
   */
  get list() {
    const shown = this.#items.map(({ text, after, call }) =>
      call ? { call } : { text: text.map((piece) => piece.content).join(""), blocks: this.#blocks.get(after) },
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
    html: (event) => this.#draw(event),
    reasoning: (event, seq) => this.thought.add(event.content, seq),
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
      const { result, structured, content, duration_ms: durationMs, error_code: errorCode } = event;
      const ended = { state: endOf(event), progress: null, result, structured, content };
      return this.#change(this.#call(event), { ...ended, durationMs, errorCode });
    },
  };

  /** `version` tells who draws it whether there is anything new. */
  #change(call, values) {
    this.#changes += 1;
    Object.assign(call, values, { version: this.#changes });
  }

  #forget() {
    this.thought = new Thought();
    this.task = new TaskNews();
    this.#items = [];
    this.#blocks.clear();
    this.#calls.clear();
    this.#notices.clear();
    return true;
  }

  #add(content, seq) {
    const last = this.#items.at(-1);
    if (last?.text) last.text.push({ seq, content });
    else this.#items.push({ text: [{ seq, content }], after: this.#calls.size });
  }

  /** One block of a text; an empty one is gone, and so are those after it. */
  #draw({ after, block, html }) {
    const blocks = this.#blocks.get(after) ?? [];
    if (html) blocks[block] = html;
    else blocks.splice(block);
    this.#blocks.set(after, blocks);
  }

  #withdraw(fromSeq) {
    this.thought.withdraw(fromSeq);
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

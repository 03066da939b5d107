// One tool call as a card. The markup is the server's (templates/parts/tools.html); all that a tool,
// its server or a model says is put in as text.

import { ApprovalForm } from "./approval_form.js";
import { sentenceOf } from "./sentences.js";
import { thingOf } from "./tool_things.js";
import { duration } from "./words.js";

export class ToolCard {
  #shown = null;

  constructor(element) {
    this.element = element;
    this.form = new ApprovalForm(this.#find("tool-ask"), element.dataset.call);
  }

  static make(callId) {
    const element = template().content.firstElementChild.cloneNode(true);
    element.dataset.call = callId;
    return new ToolCard(element);
  }

  show(call, runId) {
    if (call.version === this.#shown) return; // drawn at every token, changed now and then
    this.#shown = call.version;
    this.element.dataset.state = call.state;
    this.#find("tool-name").textContent = call.tool;
    this.#find("tool-server").textContent = call.server;
    this.#find("tool-time").textContent = duration(call.durationMs, template().dataset);
    this.#fill("tool-args", pretty(call.args));
    this.#fill("tool-result", resultOf(call));
    this.#showThings(call.content ?? [], call.tool);
    this.#showProgress(call.progress);
    this.form.show(call.state === "waiting" ? call.asks : 0, runId);
  }

  #fill(name, text) {
    const element = this.#find(name);
    element.textContent = text;
    element.parentElement.hidden = !text;
  }

  #showThings(content, tool) {
    const list = this.#find("tool-things");
    list.hidden = content.length === 0;
    list.replaceChildren(...content.map((part) => thingOf(part, tool, list.dataset)));
  }

  #showProgress(told) {
    const line = this.#find("tool-progress");
    line.hidden = !told;
    if (!told) return;
    const bar = line.querySelector("progress");
    if (told.total > 0) Object.assign(bar, { max: told.total, value: told.progress });
    else bar.removeAttribute("value");
    this.#find("tool-message").textContent = told.message ?? "";
  }

  #find(name) {
    return this.element.querySelector(`.${name}`);
  }
}

/** Where there is a code, it is an error of ours that the model was told. */
function resultOf({ errorCode, result, structured }) {
  return errorCode ? sentenceOf(errorCode, result) : result || pretty(structured);
}

/** As the server writes it: nothing for nothing. */
function pretty(value) {
  const isEmpty = value == null || (typeof value === "object" && Object.keys(value).length === 0);
  return isEmpty && !Array.isArray(value) ? "" : JSON.stringify(value, null, 2);
}

function template() {
  return document.querySelector("#tool");
}

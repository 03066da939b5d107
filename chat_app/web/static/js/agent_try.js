// The box in which an agent is tried: its answer as it is written. Without this script the form
// brings a page with the whole.

import { Frames } from "./frames.js";
import { sentenceOf } from "./sentences.js";

class Trial {
  #cards = new Map();
  #text = null;

  constructor(place, blank) {
    Object.assign(this, { place, blank });
    this.#say(place.dataset.thinking);
  }

  take(event) {
    const take = this.#takers[event.type];
    if (take) take(event);
  }

  fail(sentence) {
    this.#clearNote();
    const line = document.createElement("p");
    line.className = "refusal";
    line.setAttribute("role", "alert");
    line.textContent = sentence;
    this.place.append(line);
  }

  stop() {
    this.#clearNote();
  }

  #takers = {
    chunk: (event) => {
      this.#clearNote();
      this.#text ??= this.#element("div", "tried-text");
      this.#text.textContent += event.content;
    },
    tool_call: (event) => this.#card(event),
    tool_result: (event) => this.#finish(this.#card(event), event),
    notice: ({ error_code: code, message }) =>
      this.#element("p", "hint").append(sentenceOf(code, message)),
    error: ({ error_code: code, error }) => this.fail(sentenceOf(code, error)),
    html: (event) => this.#showWhole(event.html),
  };

  #card({ call_id: id, tool }) {
    if (this.#cards.has(id)) return this.#cards.get(id);
    this.#clearNote();
    const card = this.blank.content.firstElementChild.cloneNode(true);
    card.querySelector(".tried-name").textContent = tool;
    this.place.append(card);
    this.#cards.set(id, card);
    this.#text = null;
    return card;
  }

  #finish(card, { result, is_error: isError }) {
    card.dataset.state = isError ? "failed" : "done";
    card.querySelector(".tried-state").textContent = this.place.dataset[card.dataset.state];
    card.querySelector("pre").textContent = result ?? "";
  }

  /** The server's own rendering of the whole text: it sanitised it. */
  #showWhole(html) {
    this.#clearNote();
    if (!html) return;
    for (const text of this.place.querySelectorAll(".tried-text")) text.remove();
    const whole = document.createElement("div");
    whole.className = "prose";
    whole.dir = "auto";
    whole.append(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    const refusal = this.place.querySelector(".refusal");
    if (refusal) refusal.before(whole);
    else this.place.append(whole);
  }

  #say(sentence) {
    this.note = this.#element("p", "hint");
    this.note.textContent = sentence;
  }

  #clearNote() {
    this.note?.remove();
  }

  #element(name, className) {
    const element = document.createElement(name);
    element.className = className;
    element.dir = "auto";
    this.place.append(element);
    return element;
  }
}

/** Asks, and shows what comes until the end. Throws `TypeError` where the line breaks. */
async function ask(form, trial, signal) {
  const response = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { Accept: "text/event-stream" },
    signal,
  });
  if (!response.ok) {
    const refused = await response.json().catch(() => ({}));
    trial.fail(refused.error ?? "");
    return;
  }
  const frames = new Frames();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    for (const { data } of frames.push(piece.value)) trial.take(JSON.parse(data));
  }
}

const form = document.querySelector("#try");
const stop = document.querySelector("#try-stop");
const place = document.querySelector("#tried");
let underWay = null;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  underWay?.abort();
  const attempt = new AbortController();
  underWay = attempt;
  place.replaceChildren();
  place.setAttribute("aria-busy", "true");
  stop.hidden = false;
  const trial = new Trial(place, document.querySelector("#tried-tool"));
  try {
    await ask(form, trial, attempt.signal);
  } catch {
    if (attempt.signal.aborted) trial.stop();
    else trial.fail(place.dataset.lost);
  }
  if (underWay !== attempt) return;
  place.setAttribute("aria-busy", "false");
  stop.hidden = true;
});

stop.addEventListener("click", () => {
  underWay?.abort();
  form.querySelector("textarea").focus();
});

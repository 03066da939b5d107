// One answer on the page, from its first event to its end.

import { AnswerBody } from "./answer_body.js";
import { AnswerParts } from "./answer_parts.js";
import { cancelRun, getArticle, Refusal, regenerateAction, streamOf } from "./api.js";
import { EventStream } from "./event_stream.js";
import { sentenceOf, withIncident } from "./sentences.js";
import { showTime } from "./times.js";

const STATUS_OF_ERROR = { run_cancelled: "cancelled", run_interrupted: "interrupted" };

export class Answer {
  #parts = new AnswerParts();
  #announced = new Set();
  #isDrawing = false;
  #hasEnded = false;

  constructor(article, history, announcer) {
    Object.assign(this, { article, history, announcer });
    this.body = new AnswerBody(article.querySelector(".body"), article.querySelector(".notices"));
    this.author = article.querySelector(".author");
    article.querySelector(".stop")?.addEventListener("submit", (event) => this.#stop(event));
  }

  /** Shows the run's answer as it is written. */
  follow(runId) {
    this.article.dataset.run = runId;
    this.announcer.say("begins", this.author.textContent);
    const listener = {
      onEvent: (event, seq) => this.#take(event, seq),
      onState: (state) => this.#showConnection(state),
    };
    return new EventStream(streamOf(runId), listener).follow();
  }

  #take(event, seq) {
    if (event.type === "start") this.#begin(event);
    if (event.type === "done") this.#end("complete", event.message_id, "ends");
    else if (event.type === "error") this.#fail(event);
    else if (this.#parts.take(said(event), seq)) this.#draw();
  }

  #begin(event) {
    this.author.textContent = event.agent.name;
    this.article.dataset.question = event.message_id;
    const again = this.article.querySelector(".again");
    if (again) again.action = regenerateAction(event.message_id);
  }

  /** Draws at most once a frame, however many tokens came. */
  #draw() {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (!this.#hasEnded) this.#show();
    });
  }

  #show() {
    this.history.keepPlace(() => {
      this.body.show(this.#parts, this.article.dataset.run);
      this.article.dataset.status = this.#parts.isThinking ? "thinking" : "streaming";
    });
    // The last is what is read out: the one that waits for a person.
    const isWaiting = ({ state }) => state === "waiting";
    const calls = this.#parts.calls.sort((one, other) => isWaiting(one) - isWaiting(other));
    for (const call of calls) this.#announce(call);
  }

  /** Each call once, however much it tells of its progress; not those that are over already. */
  #announce({ id, asks, state, tool }) {
    const what = { running: "uses", waiting: "asks" }[state];
    const told = state === "waiting" ? `${id} ${asks}` : id;
    if (!what || this.#announced.has(told)) return;
    this.#announced.add(told);
    this.announcer.say(what, tool);
  }

  #fail(event) {
    const sentence = sentenceOf(event.error_code, event.error);
    this.article.querySelector(".sentence").textContent = withIncident(sentence, event.incident);
    const status = STATUS_OF_ERROR[event.error_code] ?? "failed";
    this.#end(status, event.message_id ?? this.article.id.slice(1), status === "cancelled" ? "stops" : "fails");
  }

  async #end(status, messageId, announced) {
    this.#hasEnded = true;
    this.#parts.thought.rest();
    this.#show();
    const stored = messageId ? await getArticle(messageId).catch(() => null) : null;
    const focus = this.article.contains(document.activeElement) ? document.activeElement : null;
    this.history.keepPlace(() => {
      if (stored) this.#become(stored);
      else this.article.dataset.status = status;
      if (status === "complete") this.#replaceEarlier();
    });
    if (focus && !focus.offsetParent) this.#focusAfter(focus); // gone or hidden
    this.announcer.say(announced, this.author.textContent);
  }

  /** What had the focus is gone: the keyboard goes on at the same card, or where one writes. */
  #focusAfter(gone) {
    const card = gone.closest(".tool");
    const place = card && sameCard(this.article, card)?.querySelector("summary");
    (place ?? document.querySelector("#body"))?.focus();
  }

  /** The answer as the server keeps it; cards that were open stay so. */
  #become(stored) {
    for (const details of this.article.querySelectorAll(".tool details[open]")) {
      const card = sameCard(stored, details.closest(".tool"));
      card?.querySelector("details").setAttribute("open", "");
    }
    const { textContent: told } = this.article.querySelector(".sentence");
    if (told) stored.querySelector(".sentence").textContent = told;
    stored.querySelector(".notices").replaceChildren(...this.body.notices.children);
    showTime(stored.querySelector("time"));
    takeAttributes(this.article, stored);
    // The body stays where it is, and so does what is selected in it.
    const body = stored.querySelector(".body");
    this.body.become(body);
    const kept = [this.body.element, this.body.thought.element];
    const all = [...stored.children];
    for (const child of [...this.article.children]) if (!kept.includes(child)) child.remove();
    this.article.prepend(...all.slice(0, all.indexOf(body)));
    this.article.append(...all.slice(all.indexOf(body) + 1));
  }

  /** A whole answer stands for those that were given to the same question before. */
  #replaceEarlier() {
    const { question } = this.article.dataset;
    for (const other of this.history.list.querySelectorAll(`[data-question="${question}"]`)) {
      if (other !== this.article) other.remove();
    }
  }

  #showConnection(state) {
    this.article.toggleAttribute("data-reconnecting", state === "reconnecting");
  }

  async #stop(event) {
    event.preventDefault();
    // Should it not get through, the button is still there to be pressed again.
    await cancelRun(this.article.dataset.run).catch((error) => {
      if (!(error instanceof Refusal)) this.announcer.say("failed", "");
    });
  }
}

function takeAttributes(article, stored) {
  for (const name of article.getAttributeNames()) {
    if (!stored.hasAttribute(name)) article.removeAttribute(name);
  }
  for (const { name, value } of stored.attributes) article.setAttribute(name, value);
}

function said(event) {
  if (event.type !== "notice") return event;
  return { ...event, message: sentenceOf(event.error_code, event.message) };
}

/** The card for the same call in another article. */
function sameCard(article, { dataset: { call } }) {
  return [...article.querySelectorAll(".tool")].find((card) => card.dataset.call === call);
}

// One answer on the page, from its first event to its end.

import { AnswerText } from "./answer_text.js";
import { cancelRun, getMessage, regenerateAction, streamOf } from "./api.js";
import { EventStream } from "./event_stream.js";
import { showTime } from "./times.js";

const STATUS_OF_ERROR = { run_cancelled: "cancelled", run_interrupted: "interrupted" };

export class Answer {
  #text = new AnswerText();
  #isDrawing = false;
  #hasEnded = false;

  constructor(article, history, announcer) {
    Object.assign(this, { article, history, announcer });
    this.body = article.querySelector(".body");
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
    else if (this.#text.take(event, seq)) this.#draw();
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
      if (!this.#hasEnded) this.#show(String(this.#text));
    });
  }

  #show(text) {
    this.history.keepPlace(() => {
      this.body.classList.add("raw");
      this.body.textContent = text;
      this.article.dataset.status = text ? "streaming" : "thinking";
    });
  }

  #fail(event) {
    this.article.querySelector(".sentence").textContent = event.error;
    const status = STATUS_OF_ERROR[event.error_code] ?? "failed";
    this.#end(status, event.message_id, "fails");
  }

  async #end(status, messageId, announced) {
    this.#hasEnded = true;
    this.#show(String(this.#text));
    const message = messageId ? await getMessage(messageId).catch(() => null) : null;
    const hadFocus = this.article.contains(document.activeElement);
    this.history.keepPlace(() => {
      if (message) this.#showStored(message);
      if (status === "complete") this.#replaceEarlier();
      this.article.dataset.status = status;
    });
    // The button that had the focus is gone now: the keyboard goes on where one writes.
    if (hadFocus) document.querySelector("#body")?.focus();
    this.announcer.say(announced, this.author.textContent);
  }

  #showStored(message) {
    this.article.id = `message-${message.id}`;
    this.body.classList.remove("raw");
    this.body.innerHTML = message.html; // rendered and sanitised by the server's one renderer
    showTime(this.article.querySelector("time"), new Date(message.created_at));
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
    await cancelRun(this.article.dataset.run).catch(() => {});
  }
}

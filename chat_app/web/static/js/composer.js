// The composer: sends without leaving the page. Without it the form does the same by itself.

import { postMessage, Refusal } from "./api.js";
import { Drafts } from "./drafts.js";

export class Composer {
  #queue = Promise.resolve(); // one after the other, so that they arrive as they were written
  #unconfirmed = null; // what was sent and perhaps arrived: { text, clientId }

  /** `own` shows what is under way, and takes the server's answer. */
  constructor(form, own) {
    Object.assign(this, { form, own });
    this.field = form.elements.body;
    this.refusal = form.querySelector("#refusal");
    this.drafts = new Drafts(form.dataset.person, form.dataset.channel);
    form.addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("keydown", (event) => this.#onKey(event));
    this.field.addEventListener("input", () => this.#changed());
    if (!this.field.value) this.#fill(this.drafts.text);
  }

  #onKey(event) {
    // While an input method composes, Enter chooses a word. Safari says so only by the code 229.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing || hasOnlyTouch()) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  #changed() {
    this.drafts.keep(this.field.value);
    grow(this.field);
  }

  #fill(text) {
    this.field.value = text;
    this.#changed();
  }

  #submit(event) {
    event.preventDefault();
    const text = this.field.value;
    if (!text.trim()) return;
    // What was sent but not confirmed is sent again under the same one; other words are not.
    const clientId = this.#unconfirmed?.text === text ? this.#unconfirmed.clientId : newId();
    this.#unconfirmed = null;
    this.own.begin(text, clientId);
    this.field.value = "";
    grow(this.field);
    this.#queue = this.#queue.then(() => this.#send(text, clientId));
  }

  async #send(text, clientId) {
    try {
      const answer = await postMessage(this.form.dataset.channel, text, clientId);
      this.refusal.textContent = "";
      this.drafts.keep(this.field.value); // what was typed while it was under way
      this.own.confirm(answer, clientId);
    } catch (error) {
      this.#failed(error, text, clientId);
    }
  }

  #failed(error, text, clientId) {
    this.own.fail(clientId);
    this.#unconfirmed = { text, clientId };
    const typed = this.field.value;
    this.#fill(typed ? `${text}\n${typed}` : text);
    const sentence = error instanceof Refusal && error.message;
    this.refusal.textContent = sentence || this.form.dataset.unsent;
  }
}

/** For browsers in which the style sheet cannot do it. */
function grow(field) {
  if (CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

function hasOnlyTouch() {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}

/** 128 bits of chance. `crypto.randomUUID` is missing on plain HTTP, where many installs live. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

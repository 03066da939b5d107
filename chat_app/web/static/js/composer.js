// The composer: sends without leaving the page. Without it the form does the same by itself.

import { postMessage, Refusal } from "./api.js";
import { Attachments } from "./attachments.js";
import { Drafts } from "./drafts.js";

export class Composer {
  #queue = Promise.resolve(); // one after the other, so that they arrive as they were written
  #unconfirmed = null; // what was sent and perhaps arrived: { text, files, clientId }

  /** `own` shows what is under way, and takes the server's answer. */
  constructor(form, own) {
    Object.assign(this, { form, own });
    this.field = form.elements.body;
    this.refusal = form.querySelector("#refusal");
    this.drafts = new Drafts(form.dataset.person, form.dataset.channel);
    this.attachments = new Attachments(form, this.drafts);
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
    if (this.attachments.isBusy) return this.attachments.whenIdle(() => this.form.requestSubmit());
    const text = this.field.value;
    const { files } = this.attachments;
    if (!text.trim() && !files.length) return;
    // What was sent but not confirmed is sent again under the same one; other words are not.
    const clientId = this.#isUnconfirmed(text, files) ? this.#unconfirmed.clientId : newId();
    this.#unconfirmed = null;
    this.own.begin(text, clientId, files);
    this.field.value = "";
    this.attachments.clear();
    grow(this.field);
    this.#queue = this.#queue.then(() => this.#send({ text, files, clientId }));
  }

  #isUnconfirmed(text, files) {
    const before = this.#unconfirmed;
    return before?.text === text && String(before.files.map(idOf)) === String(files.map(idOf));
  }

  async #send(sent) {
    const { text, files, clientId } = sent;
    try {
      const answer = await postMessage(this.form.dataset.channel, text, clientId, files.map(idOf));
      this.refusal.textContent = "";
      this.drafts.keep(this.field.value); // what was typed while it was under way
      this.drafts.keepFiles(this.attachments.files);
      this.own.confirm(answer, clientId);
    } catch (error) {
      this.#failed(error, sent);
    }
  }

  #failed(error, sent) {
    const { text, files, clientId } = sent;
    this.own.fail(clientId);
    this.#unconfirmed = sent;
    const typed = this.field.value;
    this.#fill(typed && text ? `${text}\n${typed}` : text || typed);
    this.attachments.restore(files);
    const sentence = error instanceof Refusal && error.message;
    this.refusal.textContent = sentence || this.form.dataset.unsent;
  }
}

function idOf({ id }) {
  return id;
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

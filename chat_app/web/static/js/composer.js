// The composer: sends without leaving the page. Without it the form does the same by itself.

import { postMessage, Refusal } from "./api.js";

export class Composer {
  #isSending = false;

  /** `onPosted(answer)` gets the server's answer to a message that was stored. */
  constructor(form, onPosted) {
    Object.assign(this, { form, onPosted });
    this.field = form.elements.body;
    this.refusal = form.querySelector("#refusal");
    form.addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("keydown", (event) => this.#onKey(event));
  }

  #onKey(event) {
    // While an input method composes, Enter chooses a word. Safari says so only by the code 229.
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing || hasOnlyTouch()) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.field.value;
    if (this.#isSending || !text.trim()) return;
    this.#isSending = true;
    try {
      this.#posted(await this.#post(text), text);
    } catch (error) {
      const sentence = error instanceof Refusal && error.message;
      this.refusal.textContent = sentence || this.form.dataset.unsent;
    } finally {
      this.#isSending = false;
    }
  }

  #post(text) {
    return postMessage(this.form.dataset.channel, text, this.form.elements.client_id.value);
  }

  #posted(answer, text) {
    // Only now a new id: what was sent but not confirmed is sent again under the same one.
    this.form.elements.client_id.value = newId();
    this.refusal.textContent = "";
    // What was typed while it was under way stays.
    if (this.field.value === text) this.field.value = "";
    this.onPosted(answer);
  }
}

function hasOnlyTouch() {
  return matchMedia("(hover: none) and (pointer: coarse)").matches;
}

/** 128 bits of chance. `crypto.randomUUID` is missing on plain HTTP, where many installs live. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

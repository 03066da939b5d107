// The row of actions under a message, without leaving the page. Each is a link or a form that works
// by itself; only copying needs a script.

import { deleteMessage, getMessage, getParts, giveFeedback, Refusal } from "./api.js";
import { copyText } from "./clipboard.js";

export class MessageActions {
  constructor(history, announcer, dialog) {
    Object.assign(this, { history, announcer, dialog });
    history.list.addEventListener("click", (event) => this.#click(event));
    history.list.addEventListener("submit", (event) => this.#submit(event));
    // A click beside the question is a no.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  #click(event) {
    const action = event.target.closest("[data-copy], [data-edit], [data-delete]");
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!action || !isPlain) return;
    event.preventDefault();
    const { copy, edit } = action.dataset;
    if (copy) this.#copy(action, copy);
    else if (edit) this.#edit(action);
    else this.#confirm(action);
  }

  /** What was written, not what it looks like. */
  async #copy(button, messageId) {
    const done = await copyText(getMessage(messageId).then(({ body }) => body));
    this.#tell(done ? "copied" : "uncopied");
    if (!done) return;
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, 1_500);
  }

  /** The form of the page for it, in the place of the message. */
  async #edit(link) {
    const article = link.closest(".message");
    const form = await this.#partOf(link, ".edit-form");
    if (!form || article.querySelector(".edit-form")) return;
    this.history.keepPlace(() => article.append(form));
    article.classList.add("editing");
    const field = form.elements.body;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    const cancel = () => {
      this.history.keepPlace(() => form.remove());
      article.classList.remove("editing");
      link.focus();
    };
    form.querySelector("[data-cancel]").addEventListener("click", (event) => {
      event.preventDefault();
      cancel();
    });
    form.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && cancel());
  }

  async #confirm(link) {
    const form = await this.#partOf(link, ".delete-form");
    if (!form) return;
    form.querySelector("[data-cancel]").addEventListener("click", (event) => {
      event.preventDefault();
      this.dialog.close();
    });
    form.addEventListener("submit", (event) => this.#delete(event, link.dataset.delete));
    this.dialog.replaceChildren(form);
    this.dialog.showModal();
  }

  async #delete(event, messageId) {
    event.preventDefault();
    const form = event.target;
    try {
      await deleteMessage(messageId);
    } catch (error) {
      const sentence = error instanceof Refusal && error.message;
      form.querySelector(".refusal").textContent = sentence || this.announcer.element.dataset.failed;
      return;
    }
    this.dialog.close();
    const article = this.history.article(messageId);
    this.history.keepPlace(() => article?.remove());
    (document.querySelector("#body") ?? this.history.scroller).focus();
  }

  async #submit(event) {
    const form = event.target.closest("[data-feedback]");
    if (!form || !event.submitter) return;
    event.preventDefault();
    const rates = event.submitter.dataset.rates;
    const rating = form.dataset.rating === rates ? "" : rates;
    try {
      await giveFeedback(form.dataset.feedback, rating || null);
    } catch {
      return this.#tell("failed");
    }
    form.dataset.rating = rating;
    for (const button of form.querySelectorAll("[data-rates]")) {
      const isGiven = button.dataset.rates === rating;
      button.ariaPressed = String(isGiven);
      button.value = isGiven ? "" : button.dataset.rates;
    }
  }

  /** A form of the page that a link leads to; where that is refused, the browser goes there. */
  async #partOf(link, selector) {
    const [form] = await getParts(link.href, selector).catch((error) => {
      if (error instanceof Refusal) location.assign(link.href);
      else this.#tell("failed");
      return [];
    });
    return form;
  }

  #tell(what) {
    this.announcer.say(what, "");
  }
}

// What a person is asked about a tool call. The form is the server's own, which works as it is; here
// it is fetched when the question comes, and sent without leaving the page.

import { decide, getApproval, Refusal } from "./api.js";

const AGAIN_MS = 2_000;

export class ApprovalForm {
  #asked = null; // the number of the question that the form is for, 0 for none
  #runId = null;

  constructor(slot, callId) {
    Object.assign(this, { slot, callId });
    // Drawn by the server with the page: the stream tells the number of the question later.
    if (this.#form) this.#listen();
  }

  /** `asks` counts the questions about the call; 0 when nothing waits for a person. */
  show(asks, runId) {
    this.#runId = runId;
    if (asks === this.#asked) return;
    this.#asked = asks;
    if (!asks) this.slot.replaceChildren();
    // What somebody fills in is left alone; the next question comes after it.
    else if (!this.#form) this.#fetch();
  }

  get #form() {
    return this.slot.querySelector("form");
  }

  async #fetch() {
    const asked = this.#asked;
    const form = await getApproval(this.#runId, this.callId).catch((error) =>
      error instanceof Refusal ? null : undefined,
    );
    if (asked !== this.#asked || this.#form) return;
    if (form === undefined) setTimeout(() => asked === this.#asked && this.#fetch(), AGAIN_MS);
    if (!form) return;
    this.slot.replaceChildren(form);
    this.#listen();
  }

  #listen() {
    this.#form.addEventListener("submit", (event) => this.#submit(event));
  }

  async #submit(event) {
    event.preventDefault();
    const form = this.#form;
    const approve = event.submitter?.value === "yes";
    const buttons = [...form.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    try {
      await decide(this.#runId ?? runOf(form), this.callId, approve, approve ? contentOf(form) : null);
      this.#decided(event.submitter.textContent);
    } catch (error) {
      for (const button of buttons) button.disabled = false;
      const sentence = error instanceof Refusal && error.message;
      const line = form.querySelector(".refusal");
      line.textContent = sentence || line.dataset.failed;
    }
  }

  #decided(word) {
    const hadFocus = this.slot.contains(document.activeElement);
    const line = document.createElement("p");
    line.className = "hint";
    line.textContent = this.#form.dataset.decided.replace("{word}", () => word);
    this.slot.replaceChildren(line);
    if (hadFocus) this.slot.closest(".tool").querySelector("summary").focus();
    // The server may have more than one question about a call.
    if (this.#asked) this.#fetch();
  }
}

function runOf(form) {
  return form.closest("[data-run]").dataset.run;
}

/** The fields of a server's form in JSON's types; null where the form has none. */
function contentOf(form) {
  const fields = [...form.querySelectorAll("[data-kind]")];
  if (!fields.length) return null;
  const content = {};
  for (const field of fields) {
    const name = field.name.slice("field.".length);
    const { kind } = field.dataset;
    if (kind === "boolean") content[name] = field.checked;
    else if (kind === "choices") content[name] = [...(content[name] ?? []), ...(field.checked ? [field.value] : [])];
    else if (field.value !== "") content[name] = kind === "number" || kind === "integer" ? field.valueAsNumber : field.value;
  }
  return content;
}

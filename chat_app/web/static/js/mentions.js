// Chooses whom to mention: a list above the text, once one types @ (ARIA combobox with a listbox,
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/).

import { getMentions } from "./api.js";

const SHOWN_MAX = 8;
// An @ that does not belong to a word or an address, and what was typed after it.
const TYPED = /(?<![\w@.])@([\p{L}\p{N}_-]*)$/u;

/** What is being typed after an @ before the caret, null where there is none. Pure. */
export function typedMention(text) {
  return TYPED.exec(text)?.[1] ?? null;
}

/** Those whose name or handle begins so, then those that have it somewhere. Pure. */
export function fitting(all, typed) {
  const wanted = typed.toLowerCase();
  const places = ({ name, mention }) => [name, mention].map((text) => text.toLowerCase().indexOf(wanted));
  const starts = all.filter((one) => places(one).includes(0));
  const others = all.filter((one) => !starts.includes(one) && places(one).some((place) => place > 0));
  return [...starts, ...others].slice(0, SHOWN_MAX);
}

export class Mentions {
  #all = null;
  #shown = [];
  #active = 0;

  constructor(field, list, channelId) {
    Object.assign(this, { field, list, channelId });
    field.addEventListener("input", () => this.#look());
    field.addEventListener("click", () => this.#look());
    field.addEventListener("blur", () => this.#close());
    field.addEventListener("keydown", (event) => this.#onKey(event));
    // The field must keep the focus: a press would take it before the click comes.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(Number(option.dataset.place));
    });
  }

  async #look() {
    if (this.#typed === null) return this.#close();
    this.#all ??= getMentions(this.channelId).catch(() => ((this.#all = null), []));
    const all = await this.#all;
    // Something else may have been typed meanwhile.
    const typed = this.#typed;
    if (!all || typed === null || document.activeElement !== this.field) return this.#close();
    this.#show(fitting(all, typed));
  }

  get #typed() {
    const { value, selectionStart } = this.field;
    return typedMention(value.slice(0, selectionStart));
  }

  #show(found) {
    this.#shown = found;
    if (!found.length) return this.#close();
    this.list.replaceChildren(...found.map((one, place) => this.#option(one, place)));
    this.list.hidden = false;
    const states = { role: "combobox", "aria-expanded": "true", "aria-controls": this.list.id, "aria-autocomplete": "list" };
    for (const [name, value] of Object.entries(states)) this.field.setAttribute(name, value);
    this.#activate(0);
  }

  #option({ name, mention, isAgent }, place) {
    const option = document.createElement("li");
    Object.assign(option, { id: `mention-${place}`, role: "option", dir: "auto" });
    option.dataset.place = place;
    const about = document.createElement("span");
    about.className = "quiet";
    about.textContent = isAgent ? `@${mention} · ${this.list.dataset.agent}` : "";
    option.append(name, " ", about);
    return option;
  }

  #activate(place) {
    this.#active = (place + this.#shown.length) % this.#shown.length;
    for (const option of this.list.children) {
      option.ariaSelected = String(Number(option.dataset.place) === this.#active);
    }
    this.field.setAttribute("aria-activedescendant", `mention-${this.#active}`);
    this.list.children[this.#active].scrollIntoView({ block: "nearest" });
  }

  #onKey(event) {
    if (this.list.hidden || event.isComposing || event.keyCode === 229) return;
    const does = {
      ArrowDown: () => this.#activate(this.#active + 1),
      ArrowUp: () => this.#activate(this.#active - 1),
      Enter: () => this.#choose(this.#active),
      Tab: () => this.#choose(this.#active),
      Escape: () => this.#close(),
    }[event.key];
    if (!does || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // else Enter would send
    does();
  }

  #choose(place) {
    const { value, selectionStart } = this.field;
    const begin = selectionStart - this.#typed.length;
    this.field.setRangeText(`${this.#shown[place].mention} `, begin, selectionStart, "end");
    if (value.slice(selectionStart).startsWith(" ")) this.field.setRangeText("", this.field.selectionStart, this.field.selectionStart + 1, "end");
    this.#close();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #close() {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.list.replaceChildren();
    for (const name of ["role", "aria-expanded", "aria-controls", "aria-autocomplete", "aria-activedescendant"]) {
      this.field.removeAttribute(name);
    }
  }
}

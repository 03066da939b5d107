// Who else has the channel open and who of them writes; and tells them when one writes oneself.

import { startTyping, stopTyping } from "./api.js";

const AGAIN_MS = 4_000;
const FORGOTTEN_MS = 8_000; // by the server

export class Presence {
  #people = [];
  #toldAt = 0;
  #queue = Promise.resolve(); // so that the end does not come before the beginning

  /** `composer` is null for who may not write. */
  constructor(here, typing, composer, channelId) {
    Object.assign(this, { here, typing, channelId });
    composer?.elements.body.addEventListener("input", ({ target }) => this.#wrote(target.value));
    composer?.addEventListener("submit", () => this.#stop());
  }

  /** These are the others who are here: `[{ id, name, typing }]`. */
  show(people) {
    this.#people = people;
    this.here.hidden = !people.length;
    this.here.querySelector(".here-names").textContent = namesOf(people).join(", ");
    this.here.querySelector(".here-count").textContent = people.length;
    this.#showTyping(namesOf(people.filter(({ typing }) => typing)));
  }

  /** Who has said it does not write it any more. */
  said({ type, id }) {
    const isTheirs = (one) => type === "user" && one.id === id;
    this.show(this.#people.map((one) => (isTheirs(one) ? { ...one, typing: false } : one)));
  }

  /** Without a connection nobody knows. */
  onState(state) {
    if (state !== "connecting" && state !== "live") this.show([]);
  }

  #showTyping(names) {
    const { one, many } = this.typing.dataset;
    const list = new Intl.ListFormat(document.documentElement.lang).format(names);
    this.typing.hidden = !names.length;
    this.typing.textContent = (names.length > 1 ? many : one).replace(/{names?}/, () => list);
  }

  #wrote(text) {
    if (!text.trim()) return this.#stop();
    if (!this.#people.length || Date.now() - this.#toldAt < AGAIN_MS) return;
    this.#toldAt = Date.now();
    this.#tell(startTyping);
  }

  #stop() {
    if (Date.now() - this.#toldAt < FORGOTTEN_MS) this.#tell(stopTyping);
    this.#toldAt = 0;
  }

  #tell(what) {
    this.#queue = this.#queue.then(() => what(this.channelId)).catch(() => {});
  }
}

function namesOf(people) {
  return people.map(({ name }) => name);
}

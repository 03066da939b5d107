// Keeps the channels in the sidebar as they are by now: their order, and what is new in them.

import { getChannelLinks } from "./api.js";

const EVERY_MS = 20_000;

export class ChannelLinks {
  #isAsking = false;

  constructor(list, channelId) {
    Object.assign(this, { list, channelId });
    setInterval(() => this.refresh(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  async refresh() {
    // A list that one is in with the keyboard, or about to press on, is left alone.
    if (document.hidden || this.#isAsking || !this.list.offsetParent) return;
    this.#isAsking = true;
    const fresh = await getChannelLinks().catch(() => null);
    this.#isAsking = false;
    if (!fresh || this.list.matches(":hover, :focus-within")) return;
    fresh.querySelector(`[data-channel="${this.channelId}"]`)?.setAttribute("aria-current", "page");
    this.list.replaceWith(fresh);
    this.list = fresh;
  }
}

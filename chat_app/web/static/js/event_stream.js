// Follows one run's stream to its end, over as many connections as it takes.
//
// The browser's own EventSource closes for good on a 502, and a proxy answers that during every
// deploy. So this loop reads the stream itself: it comes back with the cursor of the last event,
// waits longer after each failure, and gives up only on an error that no retry can help.

import { Frames } from "./frames.js";
import { mayStay } from "./windows.js";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
// The server says something every 15 s: three times that without a word is a dead connection.
const SILENCE_MS = 45_000;
// A window that keeps no stream open reads for so long, and comes back after so long.
const LOOK_MS = 1_000;
const LOOK_AGAIN_MS = 2_000;

/** How long to wait after this many failures in a row, with jitter so that not all come at once. */
export function waitMs(failures, random) {
  const whole = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
  return whole / 2 + (whole / 2) * random;
}

/** How a frame is read, and what its event means: it "goes-on", "ends", "fails", or one "retries". */
const channelDialect = {
  read: ({ data }) => JSON.parse(data),
  verdict(event, id) {
    if (event.type === "done") return "ends";
    if (event.type !== "error") return "goes-on";
    // With an id it is the run's own last event; without one this request was refused.
    if (id) return "ends";
    return event.retryable ? "retries" : "fails";
  },
};

export function withCursor(url, cursor) {
  if (!cursor) return url;
  return `${url}${url.includes("?") ? "&" : "?"}last_event_id=${encodeURIComponent(cursor)}`;
}

const browser = {
  fetch: (url, options) => fetch(url, options),
  random: () => Math.random(),
  mayStay,
  // A machine that is online again need not wait for the rest.
  wait: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
      addEventListener("online", resolve, { once: true });
    }),
};

/**
 * `onEvent(event, seq)` gets every event once, in order; `onState(state)` every change between
 * connecting, live, reconnecting, ended and failed.
 */
export class EventStream {
  #cursor;
  #failures = 0;
  #state = null;
  #attempt = null;

  /** `cursor` is the id of the last event that is known already. */
  constructor(url, { onEvent, onState = () => {}, cursor = null, dialect = channelDialect }, world = browser) {
    Object.assign(this, { url, onEvent, onState, dialect, world });
    this.#cursor = cursor;
  }

  get cursor() {
    return this.#cursor;
  }

  /** Ends it here and now; the cursor tells where another one can go on. */
  close() {
    this.#enter("ended");
    this.#attempt?.abort();
  }

  /** Returns once the stream has ended or failed for good. */
  async follow() {
    this.#enter("connecting");
    while (!this.#isOver) {
      const hasGivenWay = await this.#readOnce();
      if (this.#isOver) break;
      if (hasGivenWay) {
        await this.world.wait(LOOK_AGAIN_MS);
        continue;
      }
      this.#enter("reconnecting");
      this.#failures += 1;
      await this.world.wait(waitMs(this.#failures, this.world.random()));
    }
  }

  /** Whether it ended only because another window needs the connection. */
  async #readOnce() {
    const attempt = new AbortController();
    this.#attempt = attempt;
    let hasGivenWay = false;
    const looking = setInterval(() => {
      if (this.world.mayStay() || this.#state !== "live") return;
      hasGivenWay = true;
      attempt.abort();
    }, LOOK_MS);
    try {
      const response = await this.world.fetch(withCursor(this.url, this.#cursor), {
        headers: { Accept: "text/event-stream" },
        cache: "no-store",
        signal: attempt.signal,
      });
      if (response.ok) await this.#readBody(response.body, attempt);
      else this.#refused(await response.json());
    } catch {
      // Refused, cut or silent: all the same, the loop comes back.
    } finally {
      clearInterval(looking);
      attempt.abort();
    }
    return hasGivenWay;
  }

  async #readBody(body, attempt) {
    const frames = new Frames();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let silence = setTimeout(() => attempt.abort(), SILENCE_MS);
    try {
      for (;;) {
        const { value, done } = await reader.read();
        clearTimeout(silence);
        if (done) return;
        if (this.#isOver) return;
        silence = setTimeout(() => attempt.abort(), SILENCE_MS);
        this.#enter("live");
        for (const frame of frames.push(value)) {
          if (!this.#take(frame)) return;
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  /** A door that refuses before its stream begins; what a proxy says is no JSON. */
  #refused(event) {
    if (event.retryable !== false) return;
    this.#enter("failed");
    this.onEvent({ ...event, type: "error" }, NaN);
  }

  /** Hands one frame on; false when there is nothing more to read here. */
  #take(frame) {
    const { id } = frame;
    const event = this.dialect.read(frame);
    const meaning = this.dialect.verdict(event, id);
    if (meaning === "retries") return false;
    this.#failures = 0;
    if (id) this.#cursor = id;
    if (meaning === "ends") this.#enter("ended");
    if (meaning === "fails") this.#enter("failed");
    this.onEvent(event, Number(id?.split(":").pop()));
    return meaning === "goes-on";
  }

  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.onState(state);
  }

  get #isOver() {
    return this.#state === "ended" || this.#state === "failed";
  }
}

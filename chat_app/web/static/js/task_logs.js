// The folded logs of remote runs: each is read from the run's page when it is opened.

import { getParts } from "./api.js";
import { nameTime, showTime } from "./log_element.js";

const OPEN = ["thinking", "streaming"];

export class TaskLogs {
  constructor(list) {
    // This event does not bubble.
    list.addEventListener("toggle", ({ target }) => this.#toggled(target), { capture: true });
    list.addEventListener("pointerover", ({ target }) => nameTime(target.closest(".line time")));
  }

  async #toggled(details) {
    if (!details.matches(".task-log[open]:not([data-read])")) return;
    const lines = await getParts(details.dataset.log, "#lines .lines").catch(() => []);
    for (const time of lines.flatMap((each) => [...each.querySelectorAll("time")])) showTime(time, new Date(time.dateTime));
    const place = details.querySelector(".task-lines");
    place.replaceChildren(...lines);
    place.scrollTop = place.scrollHeight;
    // More comes while it runs: it is read again the next time.
    details.toggleAttribute("data-read", lines.length > 0 && !OPEN.includes(details.closest(".answer").dataset.status));
  }
}

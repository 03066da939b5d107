// Draws what a remote run does now, under its answer.

import { elementOf } from "./log_element.js";

export class TaskNow {
  #element = null;

  /** It stands after `body`. */
  constructor(body) {
    this.body = body;
  }

  show({ has, progress, lines }, runId) {
    if (!has) return this.#element?.remove();
    const element = (this.#element ??= made(runId));
    if (!element.isConnected) this.body.after(element);
    this.body.closest(".answer").toggleAttribute("data-task", true);
    const blank = document.querySelector("#line");
    element.querySelector(".lines").replaceChildren(...lines.map((line) => elementOf(line, blank)));
    const told = element.querySelector(".task-progress");
    told.hidden = progress?.percent == null;
    if (told.hidden) return;
    told.querySelector("progress").value = progress.percent;
    told.querySelector("span").textContent = `${progress.percent} % ${progress.message}`;
  }
}

function made(runId) {
  const element = document.querySelector("#task-now").content.firstElementChild.cloneNode(true);
  const link = element.querySelector("a");
  link.href = link.getAttribute("href").replace(/-$/, runId);
  return element;
}

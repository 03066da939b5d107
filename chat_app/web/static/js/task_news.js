// What a remote run does now, as its events tell it: its newest lines, and how far it is. Pure.

import { lineOf, progressOf } from "./log_line.js";

const LINES = 5;

export class TaskNews {
  has = false;
  progress = null;
  lines = []; // the newest last

  /** Takes one event; true when it was about the task. */
  take({ type, content, data }) {
    if (type === "progress") this.progress = progressOf(data);
    else if (type === "log") this.lines = [...this.lines.slice(1 - LINES), lineOf({ type, data: content })];
    else if (type !== "task") return false;
    this.has = true;
    return true;
  }
}

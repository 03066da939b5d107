// Wires the page of a remote run: its log as it comes, and what is found in it.

import { Announcer } from "./announcer.js";
import { getParts } from "./api.js";
import { EventStream } from "./event_stream.js";
import { History } from "./history.js";
import { logDialect } from "./log_dialect.js";
import { lineOf, progressOf } from "./log_line.js";
import { LogLines } from "./log_lines.js";
import { showTime } from "./times.js";
import { ToNewest } from "./to_newest.js";

const ENDED = ["run-state", "run-result", "run-again"];

const log = document.querySelector("#log");
const section = document.querySelector("#run-log");
const finder = document.querySelector("#log-find");
const count = document.querySelector("#log-count");
const announcer = new Announcer(document.querySelector("#announcer"));
const gaps = JSON.parse(log.dataset.gaps);
const { stream, cursor, upto } = log.dataset;

document.documentElement.classList.add("has-script");
const history = new History(log, document.querySelector("#lines"));
const toNewest = new ToNewest(document.querySelector("#to-newest"), history);
const isPartial = Boolean(stream) && !cursor;
const lines = new LogLines(history, document.querySelector("#line"), isPartial ? Number(upto ?? 0) : undefined, showCount);

finder.addEventListener("submit", (event) => event.preventDefault());
finder.addEventListener("input", () => find());
finder.addEventListener("change", () => announcer.say("shown", count.textContent));
find();
if (stream) follow();

function follow() {
  const onState = (state) => section.toggleAttribute("data-reconnecting", state === "reconnecting");
  new EventStream(stream, { onEvent: take, onState, cursor: cursor ?? null, dialect: logDialect }).follow();
}

function take(event, seq) {
  if (event.error_code) return location.reload(); // not for this person any more
  if (event.type === "start") return lines.clear();
  if (event.type === "progress") showProgress(progressOf(event.data));
  if (event.type === "status") end();
  // One without a number is ours about the run: the page says it when it has ended.
  const line = event.type === "error" && !seq ? null : lineOf(event, gaps);
  if (line) lines.add(line, seq);
}

let progress = null;

function showProgress(told) {
  if (!progress) requestAnimationFrame(drawProgress);
  progress = told;
}

function drawProgress() {
  const place = document.querySelector("#run-progress");
  const bar = place.querySelector("progress");
  const { percent, message } = progress;
  progress = null;
  if (percent === null) bar.removeAttribute("value");
  else bar.value = percent;
  place.querySelector(".run-percent").textContent = percent === null ? "" : `${percent} %`;
  place.querySelector(".run-message").textContent = message;
  place.hidden = !isLive();
}

async function end() {
  lines.end();
  const fresh = await getParts(location.pathname, ENDED.map((id) => `#${id}`).join()).catch(() => []);
  if (!fresh.length) return location.reload();
  const focused = document.activeElement;
  for (const part of fresh) {
    part.querySelectorAll("time[datetime]").forEach((time) => showTime(time));
    document.getElementById(part.id).replaceWith(part);
  }
  document.querySelector("#run-progress").hidden = true;
  if (!focused.isConnected) document.querySelector("#run-title").focus();
  find(); // where it logged nothing that can be said now
  announcer.say("ends", document.querySelector("#run-state").dataset.word);
}

function find() {
  lines.find(finder.elements.q.value.trim(), finder.elements.level.value);
}

function showCount(shown, all, fresh) {
  toNewest.add(fresh);
  const words = shown === all ? count.dataset.all : count.dataset.of;
  count.textContent = words.replace("{shown}", () => shown).replace("{all}", () => all);
  const empty = document.querySelector("#log-empty");
  empty.hidden = shown > 0;
  empty.textContent = empty.dataset[all > 0 ? "none" : isLive() ? "yet" : "over"];
}

function isLive() {
  return Boolean(document.querySelector("#run-state [data-state=RUNNING]"));
}

// Keeps the page of a project fresh while its AI server is set up, or a run of it goes on.

import { getParts } from "./api.js";
import { showTime } from "./times.js";

const PARTS = ["project-state", "project-runs"];

watch();

function watch() {
  const { againS } = document.querySelector("#project-state").dataset;
  if (againS) setTimeout(look, Number(againS) * 1_000);
}

async function look() {
  const before = document.querySelector("#project-state").dataset.state;
  const fresh = await getParts(location.href, PARTS.map((id) => `#${id}`).join()).catch(() => []);
  const after = fresh.find(({ id }) => id === "project-state")?.dataset.state;
  // Another form belongs to another state; what somebody types is left to them.
  if (after && after !== before && !isTyping()) return location.reload();
  fresh.forEach(put);
  watch();
}

function put(part) {
  const there = document.getElementById(part.id);
  if (there.contains(document.activeElement)) return;
  part.querySelectorAll("time[datetime]").forEach((time) => showTime(time));
  there.replaceWith(part);
}

function isTyping() {
  const fields = [...document.querySelectorAll(".settings-body :is(textarea, input:not([type=hidden]))")];
  return fields.some((field) => field.value !== field.defaultValue || field === document.activeElement);
}

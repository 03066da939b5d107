// Keys that do something on every page. Those of one letter do nothing while one types, and can be
// turned off (WCAG 2.1.4): then this is not loaded. web/shortcuts.py lists them for people.

import { getParts, Refusal } from "./api.js";

const TYPED_IN = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

const KEYS = {
  "?": showAll,
  "/": () => focus("#sidebar-q, #q"),
  c: () => focus("#body"),
  j: () => openChannel(+1),
  k: () => openChannel(-1),
  n: () => press("#to-newest:not([hidden]) button"),
  s: () => press('.answer[data-run] .stop[data-when="live"] button'),
};

const dialog = document.querySelector("#shortcuts");

dialog.querySelector("button").addEventListener("click", () => dialog.close());
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && event.target.id === "body") return focus("#history");
  if (event.target.closest(TYPED_IN) || document.querySelector("dialog[open]")) return;
  if (KEYS[event.key]?.()) event.preventDefault();
});

/** The list of all keys, as its page has it; where that is refused, the browser goes there. */
function showAll() {
  getParts(dialog.dataset.page, ".shortcuts")
    .then(([list]) => {
      dialog.querySelector(".shortcuts")?.remove();
      dialog.append(list);
      if (!dialog.open) dialog.showModal();
    })
    .catch((error) => error instanceof Refusal && location.assign(dialog.dataset.page));
  return true;
}

/** The first that is on the screen; on a phone the sidebar is not. */
function focus(selector) {
  const found = shown(selector);
  found?.focus();
  return Boolean(found);
}

function press(selector) {
  const found = shown(selector);
  found?.click();
  return Boolean(found);
}

/** The channel `by` places further in the sidebar; from other pages the first or the last. */
function openChannel(by) {
  const links = [...document.querySelectorAll("#channel-links [data-channel]")];
  const here = links.findIndex((link) => link.ariaCurrent === "page");
  const next = here < 0 ? links.at(by > 0 ? 0 : -1) : links[here + by];
  if (next) location.assign(next.href);
  return Boolean(next);
}

function shown(selector) {
  return [...document.querySelectorAll(selector)].find((one) => one.checkVisibility());
}

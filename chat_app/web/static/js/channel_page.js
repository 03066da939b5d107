// Wires the page of a channel: the composer, the list of messages, and the answers in it.

import { Announcer } from "./announcer.js";
import { Answer } from "./answer.js";
import { Composer } from "./composer.js";
import { History } from "./history.js";
import { showTime } from "./times.js";

const list = document.querySelector("#messages");
const history = new History(document.querySelector("#history"), list);
const announcer = new Announcer(document.querySelector("#announcer"));
const composer = document.querySelector("#composer");

document.documentElement.classList.add("has-script");
list.querySelectorAll(".answer[data-run]").forEach(follow);
// Begun or ended while the page was being made, so that it does not know the run: look again.
if (list.querySelector("[data-status=thinking]:not([data-run]), [data-status=streaming]:not([data-run])")) {
  setTimeout(() => location.reload(), 1_000);
}
// On a page of older messages there is no place for a new one: there the plain form leads to it.
if (composer && "newest" in list.dataset) new Composer(composer, showPosted);

function follow(article) {
  return new Answer(article, history, announcer).follow(article.dataset.run);
}

function showPosted({ message, run_id: runId }) {
  document.querySelector("#empty")?.remove();
  history.append(questionOf(message));
  if (runId) {
    const article = copyOf("#answer");
    article.dataset.run = runId;
    history.append(article);
    follow(article);
  }
  history.scrollToEnd();
}

function questionOf(message) {
  const article = copyOf("#question");
  article.id = `message-${message.id}`;
  article.querySelector(".body").innerHTML = message.html; // sanitised by the server's renderer
  showTime(article.querySelector("time"), new Date(message.created_at));
  return article;
}

function copyOf(template) {
  return document.querySelector(template).content.firstElementChild.cloneNode(true);
}

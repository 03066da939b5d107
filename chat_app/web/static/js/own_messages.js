// What the person posts: on the page at once, and in its final form once the server has it.

import { getArticle } from "./api.js";
import { showTime } from "./times.js";

export class OwnMessages {
  /** `follow(article)` shows an answer as it is written. */
  constructor(history, follow) {
    Object.assign(this, { history, follow });
  }

  /** Shows what is under way. */
  begin(text, clientId, files) {
    this.fail(clientId);
    const article = copyOf("#question");
    article.dataset.client = clientId;
    if (text.trim()) article.querySelector(".body").append(plain(text));
    if (files.length) article.append(named(files));
    document.querySelector("#empty")?.setAttribute("hidden", "");
    this.history.append(article);
    this.history.scrollToEnd();
  }

  /** It could not be sent: it is in the composer again. */
  fail(clientId) {
    this.#pending(clientId)?.remove();
    document.querySelector("#empty")?.removeAttribute("hidden");
  }

  async confirm({ message, run_id: runId }, clientId) {
    document.querySelector("#empty")?.remove();
    if (runId) this.#answer(message.id, runId);
    const article = this.#pending(clientId);
    if (!article) return;
    article.id = `m${message.id}`;
    article.querySelector(".body").innerHTML = message.html; // sanitised by the server's renderer
    showTime(article.querySelector("time"), new Date(message.created_at));
    this.history.keepPlace(() => delete article.dataset.client);
    const stored = await getArticle(message.id).catch(() => null);
    if (!stored || !article.isConnected) return;
    showTime(stored.querySelector("time"));
    this.history.keepPlace(() => article.replaceWith(stored));
  }

  /** Unless the channel's own stream has told of it already. */
  #answer(questionId, runId) {
    if (this.history.list.querySelector(`.answer[data-question="${questionId}"]`)) return;
    const article = copyOf("#answer");
    article.dataset.run = runId;
    article.dataset.question = questionId;
    this.history.append(article);
    this.follow(article);
    this.history.scrollToEnd();
  }

  #pending(clientId) {
    return this.history.list.querySelector(`[data-client="${CSS.escape(clientId)}"]`);
  }
}

function plain(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "plain";
  paragraph.textContent = text;
  return paragraph;
}

/** Files by their names, until the server shows what they are. */
function named(files) {
  const list = document.createElement("ul");
  list.className = "attached";
  for (const { name } of files) {
    const item = document.createElement("li");
    item.className = "attached-file";
    item.dir = "auto";
    item.textContent = name;
    list.append(item);
  }
  return list;
}

function copyOf(template) {
  return document.querySelector(template).content.firstElementChild.cloneNode(true);
}

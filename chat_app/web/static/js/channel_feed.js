// What others do in the channel, as it happens: the server tells which message or run has changed.
//
// A page in the background lets the connection go, for a browser has only six for one server, and
// goes on from its cursor when it is looked at again.

import { eventsOf, getArticle } from "./api.js";
import { EventStream } from "./event_stream.js";
import { idOf } from "./history.js";
import { showTime } from "./times.js";

const HIDDEN_MS = 20_000;
const OPEN = ["thinking", "streaming"];

export class ChannelFeed {
  #stream = null;
  #cursor;
  #hiding = null;
  #queue = Promise.resolve(); // one after the other, so that messages come in their order

  /**
   * `page` follows answers (`follow`), and is told of new messages (`onNew`), of any change, of who
   * else is here (`onPeople`), of the stream's states and of what ended it for good (`onRefused`).
   */
  constructor(history, channelId, cursor, page) {
    Object.assign(this, { history, channelId, page });
    this.#cursor = cursor;
    document.addEventListener("visibilitychange", () => this.#look());
    this.#open();
  }

  #open() {
    const onEvent = (event) => {
      this.#queue = this.#queue.then(() => this.#take(event)).catch(() => {});
    };
    const listener = { onEvent, onState: this.page.onState, cursor: this.#cursor };
    this.#stream = new EventStream(eventsOf(this.channelId), listener);
    this.#stream.follow();
  }

  #look() {
    clearTimeout(this.#hiding);
    if (document.hidden) this.#hiding = setTimeout(() => this.#close(), HIDDEN_MS);
    else if (!this.#stream) this.#open();
  }

  #close() {
    this.#cursor = this.#stream.cursor;
    this.#stream.close();
    this.#stream = null;
  }

  async #take(event) {
    if (event.type === "presence") return this.page.onPeople(event.people);
    if (event.type === "start" && event.reset) location.reload(); // away for too long
    if (event.type === "error") this.page.onRefused(event);
    if (event.type === "message") await this.#message(event.message);
    if (event.type === "message_removed") this.#remove(event.message_id);
    if (event.type === "run" && event.run) await this.#run(event.run);
    this.page.onChange();
  }

  async #message(message) {
    const there = this.history.article(message.id) ?? this.#adopt(message);
    if (there) return this.#change(there, message);
    if (message.id < this.#newestId) return; // it is older than what is on the page
    const article = await getArticle(message.id).catch(() => null);
    if (!article || this.history.article(message.id) || this.#adopt(message)) return;
    showTime(article.querySelector("time"));
    document.querySelector("#empty")?.remove();
    this.history.insert(article);
    if (article.dataset.run) this.page.follow(article);
    this.page.onNew(message);
  }

  /** What this page has posted, or the answer to it: there already, but without its number. */
  #adopt({ id, role, client_id: clientId, parent_id: parentId }) {
    const mark = role === "user" ? `[data-client="${CSS.escape(clientId)}"]` : `.answer[data-question="${parentId}"]`;
    const article = this.history.list.querySelector(`${mark}:not([id])`);
    if (article) article.id = `m${id}`;
    return article;
  }

  async #change(article, message) {
    const { run, status, client } = article.dataset;
    // What is being written tells its end itself; what is being sent or edited is left alone.
    if ((run && OPEN.includes(status)) || client || article.querySelector(".edit-form")) return;
    const same = message.role === "user" ? hasBody(article, message) : stage(status) === stage(message.status);
    // What failed at once ended before it was known by its number.
    if (!same || !article.querySelector("time[datetime]")) await this.#refresh(article, message.id);
  }

  async #refresh(article, messageId) {
    const fresh = await getArticle(messageId).catch(() => null);
    if (!fresh || !article.isConnected) return;
    showTime(fresh.querySelector("time"));
    // The stream told it in more words than are kept.
    const told = article.querySelector(".sentence")?.textContent;
    if (told && fresh.dataset.status === article.dataset.status) fresh.querySelector(".sentence").textContent = told;
    this.history.keepPlace(() => article.replaceWith(fresh));
    if (fresh.dataset.run) this.page.follow(fresh);
  }

  #remove(messageId) {
    const article = this.history.article(messageId);
    if (!article) return;
    const hadFocus = article.contains(document.activeElement);
    this.history.keepPlace(() => article.remove());
    if (hadFocus) this.history.scroller.focus();
  }

  /** The page may have come before the run that writes an answer on it. */
  async #run(run) {
    const article = this.history.article(run.reply_id);
    if (!article || article.dataset.run || !OPEN.includes(article.dataset.status)) return;
    if (run.status !== "queued" && run.status !== "running") return this.#refresh(article, run.reply_id);
    article.dataset.run = run.public_id;
    this.page.follow(article);
  }

  get #newestId() {
    const ids = this.history.articles.map(idOf).filter(Number.isFinite);
    return ids.length ? Math.max(...ids) : 0;
  }
}

function stage(status) {
  return OPEN.includes(status) ? "open" : status;
}

/** Compared as the browser has it: it writes some HTML otherwise than the server. */
function hasBody(article, message) {
  const made = document.createElement("template");
  made.innerHTML = message.html;
  return article.querySelector(".body").innerHTML.trim() === made.innerHTML.trim();
}

// The scrolling list of messages. It is laid out from its end (`column-reverse`), so `scrollTop`
// is 0 at the newest message and negative above; it starts there without a script. What is put in
// at its top moves nothing.

const AT_END_PX = 40;

export class History {
  constructor(scroller, list) {
    Object.assign(this, { scroller, list });
  }

  get isAtEnd() {
    return -this.scroller.scrollTop < AT_END_PX;
  }

  /** How much there is above what is on the screen. */
  get abovePx() {
    const { scrollHeight, clientHeight, scrollTop } = this.scroller;
    return scrollHeight - clientHeight + scrollTop;
  }

  /** Makes a change below without moving what the person reads; at the end it stays at the end. */
  keepPlace(change) {
    const { scroller } = this;
    const fromTop = this.isAtEnd ? null : scroller.scrollHeight + scroller.scrollTop;
    change();
    scroller.scrollTop = fromTop === null ? 0 : fromTop - scroller.scrollHeight;
  }

  append(article) {
    this.keepPlace(() => this.list.append(article));
  }

  /** Puts a message where its number belongs; those without one are the newest. */
  insert(article) {
    const later = this.articles.find((other) => idOf(other) > idOf(article));
    this.keepPlace(() => this.list.insertBefore(article, later ?? null));
  }

  get articles() {
    return [...this.list.querySelectorAll(".message")];
  }

  article(messageId) {
    return this.list.querySelector(`#m${messageId}`);
  }

  scrollToEnd() {
    this.scroller.scrollTop = 0;
  }
}

/** The number of the message that an article shows; the greatest for one not stored yet. */
export function idOf(article) {
  return article.id ? Number(article.id.slice(1)) : Infinity;
}

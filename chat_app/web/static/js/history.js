// The scrolling list of messages. It is laid out from its end (`column-reverse`), so `scrollTop`
// is 0 at the newest message and negative above; it starts there without a script.

const AT_END_PX = 40;

export class History {
  constructor(scroller, list) {
    Object.assign(this, { scroller, list });
  }

  get isAtEnd() {
    return -this.scroller.scrollTop < AT_END_PX;
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

  scrollToEnd() {
    this.scroller.scrollTop = 0;
  }
}

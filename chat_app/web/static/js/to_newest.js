// The button that leads to the newest message, with the number of those that came meanwhile.

export class ToNewest {
  #count = 0;

  constructor(element, history) {
    Object.assign(this, { element, history });
    this.button = element.querySelector("button");
    this.button.addEventListener("click", () => this.#go());
    history.scroller.addEventListener("scroll", () => this.#show(), { passive: true });
    this.#show();
  }

  /** One has come, or so many; they count where one does not see them. */
  add(number = 1) {
    if (!this.history.isAtEnd) this.#count += number;
    this.#show();
  }

  #go() {
    this.history.scrollToEnd();
    (document.querySelector("#body") ?? this.history.scroller).focus();
  }

  #show() {
    if (this.history.isAtEnd) this.#count = 0;
    this.element.hidden = this.history.isAtEnd;
    const { new: words } = this.button.dataset;
    const count = this.element.querySelector(".to-newest-count");
    count.textContent = this.#count ? words.replace("{count}", () => this.#count) : "";
  }
}

// The files in the composer: picked, pasted or dropped, uploaded at once, and removed again.

import { addressOf, discardFile, Refusal, uploadFile } from "./api.js";
import { fileSize } from "./words.js";

export class Attachments {
  #items = []; // { chip, file: null until it is uploaded, isFailed, abort }
  #waiting = null; // what to do once all uploads have ended well

  /** `drafts` keeps what is ready. */
  constructor(form, drafts) {
    Object.assign(this, { form, drafts });
    this.list = form.querySelector("#chips");
    this.refusal = form.querySelector("#refusal");
    const input = form.elements.files;
    input.addEventListener("change", () => {
      this.#add([...input.files]);
      input.value = "";
    });
    form.elements.body.addEventListener("paste", (event) => this.#paste(event));
    this.#takeDrops(form.closest("main"));
    const given = [...this.list.children].map(({ dataset }) => JSON.parse(dataset.file));
    this.list.replaceChildren();
    this.restore(given.length ? given : drafts.files);
  }

  /** What is uploaded, as the server tells of it. */
  get files() {
    return this.#items.map(({ file }) => file).filter(Boolean);
  }

  get isBusy() {
    return this.#items.some(({ file, isFailed }) => !file && !isFailed);
  }

  /** Does it once nothing is under way any more; not when something fails meanwhile. */
  whenIdle(then) {
    this.#waiting = then;
  }

  /** They are on their way: the composer is empty. */
  clear() {
    for (const { chip } of this.#items) chip.remove();
    this.#items = [];
  }

  /** They are in the composer, before what is there. */
  restore(files) {
    const items = files.map((file) => this.#ready(this.#item(file.name), file));
    this.#items.unshift(...items);
    this.list.prepend(...items.map(({ chip }) => chip));
  }

  #paste(event) {
    const { files, types } = event.clipboardData;
    // A piece of a document comes as text and as its picture: the text is meant.
    if (!files.length || types.includes("text/plain")) return;
    event.preventDefault();
    this.#add([...files]);
  }

  #takeDrops(place) {
    const isOfFiles = (event) => event.dataTransfer.types.includes("Files");
    const mark = (event, isOver) => {
      if (!isOfFiles(event)) return;
      event.preventDefault();
      this.form.classList.toggle("dropping", isOver);
    };
    place.addEventListener("dragover", (event) => mark(event, true));
    place.addEventListener("dragleave", (event) => mark(event, false));
    place.addEventListener("drop", (event) => {
      mark(event, false);
      if (isOfFiles(event)) this.#add([...event.dataTransfer.files]);
    });
  }

  #add(picked) {
    const { max, maxBytes, tooMany, tooLarge } = this.list.dataset;
    this.refusal.textContent = "";
    for (const blob of picked) {
      const problem = this.#items.length >= Number(max) ? tooMany
        : blob.size > Number(maxBytes) ? tooLarge.replace("{name}", () => blob.name)
        : "";
      if (problem) this.refusal.textContent = problem;
      else this.#upload(blob);
    }
    this.form.elements.body.focus();
  }

  async #upload(blob) {
    const item = this.#item(blob.name);
    this.#items.push(item);
    this.list.append(item.chip);
    const progress = item.chip.querySelector(".chip-progress");
    progress.hidden = false;
    const onProgress = (part) => (progress.value = part);
    try {
      this.#ready(item, await uploadFile(blob, onProgress, item.abort.signal));
      this.drafts.keepFiles(this.files);
    } catch (error) {
      this.#fail(item, error);
    }
    if (this.isBusy) return;
    const then = this.#waiting;
    this.#waiting = null;
    then?.();
  }

  #item(name) {
    const chip = this.form.querySelector("template#chip").content.firstElementChild.cloneNode(true);
    const item = { chip, file: null, isFailed: false, abort: new AbortController() };
    chip.querySelector(".chip-name").textContent = name;
    const remove = chip.querySelector(".chip-remove");
    remove.ariaLabel = remove.dataset.label.replace("{name}", () => name);
    remove.addEventListener("click", () => this.#remove(item));
    return item;
  }

  #ready(item, file) {
    item.file = file;
    item.chip.querySelector(".chip-size").textContent = fileSize(file.size);
    item.chip.querySelector(".chip-progress").hidden = true;
    const image = item.chip.querySelector(".chip-image");
    image.hidden = !file.width;
    if (file.width) image.src = addressOf(file);
    return item;
  }

  #fail(item, error) {
    if (item.abort.signal.aborted) return;
    item.isFailed = true;
    this.#waiting = null;
    item.chip.dataset.failed = "";
    item.chip.querySelector(".chip-progress").hidden = true;
    const sentence = error instanceof Refusal && error.message;
    item.chip.querySelector(".chip-problem").textContent = sentence || this.list.dataset.unsent;
  }

  #remove(item) {
    item.abort.abort();
    this.#items = this.#items.filter((other) => other !== item);
    item.chip.remove();
    this.drafts.keepFiles(this.files);
    // Should it not get through, the server throws it away by itself, a day later.
    if (item.file) discardFile(item.file.id).catch(() => {});
    this.form.elements.body.focus();
  }
}

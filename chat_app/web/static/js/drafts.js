// What was typed and not sent, and the files beside it, kept in this browser for each person and
// channel.

const PREFIX = "draft";
// The server keeps what is not sent for a day.
const FILES_KEPT_MS = 23 * 3_600_000;

export class Drafts {
  constructor(personId, channelId) {
    this.key = `${PREFIX}:${personId}:${channelId}`;
  }

  get text() {
    return attempt(() => localStorage.getItem(this.key)) ?? "";
  }

  keep(text) {
    if (text.trim()) attempt(() => localStorage.setItem(this.key, text));
    else attempt(() => localStorage.removeItem(this.key));
  }

  get files() {
    const { time, files } = attempt(() => JSON.parse(localStorage.getItem(`${this.key}:files`))) ?? {};
    return Date.now() - time < FILES_KEPT_MS ? files : [];
  }

  keepFiles(files) {
    const key = `${this.key}:files`;
    if (files.length) attempt(() => localStorage.setItem(key, JSON.stringify({ time: Date.now(), files })));
    else attempt(() => localStorage.removeItem(key));
  }
}

/** A browser may forbid the storage, or have no room in it: then there are no drafts. */
function attempt(what) {
  try {
    return what();
  } catch {
    return null;
  }
}

// What was typed and not sent, kept in this browser for each person and channel.

const PREFIX = "draft";

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
}

/** A browser may forbid the storage, or have no room in it: then there are no drafts. */
function attempt(what) {
  try {
    return what();
  } catch {
    return null;
  }
}

// Lengths of time, and sizes, in words, as chat_app/web/words.py writes them. Pure.

/** `units` are the page's: `{num} ms`, `{num} s` and `{minutes} min {seconds} s`, by ms, s and min. */
export function duration(ms, units) {
  if (ms == null) return "";
  if (ms < 1_000) return units.ms.replace("{num}", ms);
  if (ms < 60_000) return units.s.replace("{num}", (ms / 1_000).toFixed(1));
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  return units.min.replace("{minutes}", minutes).replace("{seconds}", seconds % 60);
}

export function fileSize(bytes) {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${Math.round(bytes / 1_024)} KB`;
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}

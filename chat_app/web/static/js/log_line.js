// A line of a log: its time, its level and its text, as chat_app/web/log_lines.py finds them. Pure.

const LEVELS = {
  TRACE: "debug",
  DEBUG: "debug",
  INFO: "info",
  NOTICE: "info",
  WARN: "warning",
  WARNING: "warning",
  ERROR: "error",
  CRITICAL: "error",
  FATAL: "error",
};
const RANKS = { debug: 0, info: 1, warning: 2, error: 3 };
const LEVEL_WITHIN_CHARS = 80;
const LEVEL = new RegExp(`\\b(${Object.keys(LEVELS).join("|")})\\b`);
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.]\d+)?(?:Z|[+-]\d\d:\d\d)) ?(.*)$/s;

/** The line that an event of the log's stream is; null for those that are none. */
export function lineOf({ type, data }, gaps) {
  if (type === "gap") return { text: gaps[JSON.parse(data).reason] ?? gaps[""], level: "", isGap: true };
  if (type === "error") return lineOfText(JSON.parse(data).error, "error");
  if (type === "log") return lineOfText(data);
  if (type === "progress" || type === "status" || type === "start") return null;
  return lineOfText(`${type}: ${data}`);
}

export function lineOfText(content, level) {
  const [, stamp, rest] = STAMPED.exec(content) ?? [];
  const at = stamp && new Date(stamp);
  const isStamped = Boolean(at) && !Number.isNaN(at.getTime());
  const text = isStamped ? rest : content;
  const said = LEVEL.exec(text.slice(0, LEVEL_WITHIN_CHARS));
  return { text, at: isStamped ? at : null, level: level ?? LEVELS[said?.[1]] ?? "", isGap: false };
}

/** Whether a line has these words, in lower case, and a level of at least `least`. */
export function matches({ text, level, isGap }, words, least) {
  if (isGap) return !words;
  if (least && !(RANKS[level] >= RANKS[least])) return false;
  return text.toLowerCase().includes(words);
}

/** `{ percent, message }` of what a `progress` event says; `percent` is null where it is not told. */
export function progressOf(data) {
  const told = parsed(data) ?? {};
  const [percent, progress, total] = [told.percent, told.progress, told.total].map(numberOf);
  const part = percent ?? (progress !== null && total ? (progress / total) * 100 : null);
  return {
    percent: part === null ? null : Math.trunc(Math.max(0, Math.min(part, 100))),
    message: typeof told.message === "string" ? told.message : "",
  };
}

function numberOf(value) {
  return typeof value === "number" ? value : null;
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

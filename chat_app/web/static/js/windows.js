// The windows and tabs that one browser has open here. Over HTTP/1.1 it has six connections for one
// server, for all of them together: those that were used last keep their streams open, the others
// look in now and then, or nobody could open another one or stop an answer.

const KEEPING = 2; // windows, of two streams each while an answer is written
const TELL_MS = 5_000;
const FORGOTTEN_MS = 12_000; // a hidden one tells it less often, and gives its place away

const others = new Map(); // id → { usedAt, heardAt }
const id = Math.random();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("holdfast-windows") : null;
let usedAt = Date.now();

/** Whether this window is one of those that were used last. */
export function mayStay() {
  const heard = [...others.values()].filter(({ heardAt }) => Date.now() - heardAt < FORGOTTEN_MS);
  return heard.filter((other) => other.usedAt > usedAt).length < KEEPING;
}

function tell() {
  channel.postMessage({ id, usedAt });
}

function use() {
  if (Date.now() - usedAt < 1_000) return;
  usedAt = Date.now();
  tell();
}

function hear({ data }) {
  const isNew = !others.has(data.id);
  if (data.usedAt) others.set(data.id, { usedAt: data.usedAt, heardAt: Date.now() });
  else others.delete(data.id);
  if (isNew && data.usedAt) tell();
}

if (channel) {
  channel.addEventListener("message", hear);
  for (const sign of ["focus", "pointerdown", "keydown"]) addEventListener(sign, use, { passive: true });
  addEventListener("pagehide", () => channel.postMessage({ id }));
  addEventListener("pageshow", tell);
  setInterval(tell, TELL_MS);
  tell();
}

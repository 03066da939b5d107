// Copying text. `navigator.clipboard` is missing on plain HTTP, where many installs live.

/** Copies what a promise gives; whether it worked. */
export async function copyText(promise) {
  try {
    // Safari forgets the press while one waits, unless it is given the promise itself.
    if (navigator.clipboard?.write) {
      const blob = promise.then((text) => new Blob([text], { type: "text/plain" }));
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
      return true;
    }
    return copyBySelection(await promise);
  } catch {
    return false;
  }
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return done;
}

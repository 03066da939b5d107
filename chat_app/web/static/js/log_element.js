// A line of a log on the page.

/** A line as parts/log.html has it, made of `blank`, a template. */
export function elementOf({ text, level, at, isGap }, blank) {
  const element = blank.content.firstElementChild.cloneNode(true);
  const [time, words] = element.children;
  words.textContent = text;
  if (level) element.dataset.level = level;
  element.classList.toggle("gap", isGap);
  if (at) showTime(time, at);
  else time.remove();
  return element;
}

// Made once: there may be thousands of times.
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const whole = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "long" });

/** The clock's time, in the person's own zone. */
export function showTime(element, at) {
  element.dateTime = at.toISOString();
  element.textContent = clock.format(at);
}

/** The whole time, once somebody points at it. */
export function nameTime(element) {
  if (element?.dateTime) element.title = whole.format(new Date(element.dateTime));
}

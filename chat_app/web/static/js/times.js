// Times in the person's own zone and the page's language; without JavaScript they are in UTC.

const { lang } = document.documentElement;
// The browser's own variety of that language, such as en-GB, where it has one.
const locale = navigator.languages.find((each) => each.split("-")[0] === lang.split("-")[0]) ?? lang;
const today = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const before = new Intl.DateTimeFormat(locale, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

export function showTime(element, at = new Date(element.dateTime)) {
  const isToday = at.toDateString() === new Date().toDateString();
  element.textContent = (isToday ? today : before).format(at);
  element.title = at.toLocaleString(locale);
}

document.querySelectorAll("time[datetime]").forEach((element) => showTime(element));

// Times in the person's own zone and language; without JavaScript they are in UTC.

const today = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const before = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

export function showTime(element, at = new Date(element.dateTime)) {
  const isToday = at.toDateString() === new Date().toDateString();
  element.textContent = (isToday ? today : before).format(at);
  element.title = at.toLocaleString();
}

document.querySelectorAll("time[datetime]").forEach((element) => showTime(element));

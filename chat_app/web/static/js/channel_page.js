// Wires the page of a channel: the composer, the list of messages, and the answers in it.

import { Announcer } from "./announcer.js";
import { Answer } from "./answer.js";
import { ChannelFeed } from "./channel_feed.js";
import { ChannelLinks } from "./channel_links.js";
import { CodeCopy } from "./code_copy.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { History } from "./history.js";
import { Mentions } from "./mentions.js";
import { MessageActions } from "./message_actions.js";
import { OlderMessages } from "./older.js";
import { OwnMessages } from "./own_messages.js";
import { Presence } from "./presence.js";
import { ReadMark } from "./read_mark.js";
import { TaskLogs } from "./task_logs.js";
import { showTime } from "./times.js";
import { ToNewest } from "./to_newest.js";

const list = document.querySelector("#messages");
const history = new History(document.querySelector("#history"), list);
const announcer = new Announcer(document.querySelector("#announcer"));
const composer = document.querySelector("#composer");
const { channel, person, cursor } = list.dataset;

document.documentElement.classList.add("has-script");
list.querySelectorAll(".answer[data-run]").forEach(follow);
new CodeCopy(list, document.querySelector("#copy-code"), announcer);
new ChannelLinks(document.querySelector("#channel-links"), channel);
new TaskLogs(list);
new MessageActions(history, announcer, document.querySelector("#confirm"));
new OlderMessages(history, (articles) => {
  for (const article of articles) showTime(article.querySelector("time"));
});
// Before the composer, so that Enter chooses a name before it sends.
if (composer) new Mentions(composer.elements.body, composer.querySelector("#mentions"), channel);
if (cursor) showNewest();
else if (composer) new Composer(composer, elsewhere());

function showNewest() {
  const toNewest = new ToNewest(document.querySelector("#to-newest"), history);
  const readMark = new ReadMark(history);
  const presence = new Presence(document.querySelector("#here"), document.querySelector("#typing"), composer, channel);
  const connection = new Connection(document.querySelector("#connection"));
  new ChannelFeed(history, channel, cursor, {
    follow,
    onNew: ({ author }) => {
      toNewest.add();
      presence.said(author);
      const isOwn = author.type === "user" && String(author.id) === person;
      if (author.type === "user" && !isOwn) announcer.say("says", author.name);
    },
    onChange: () => readMark.look(),
    onPeople: (people) => presence.show(people),
    onState: (state) => {
      connection.show(state);
      presence.onState(state);
    },
    onRefused: (event) => connection.refused(event),
  });
  if (composer) new Composer(composer, new OwnMessages(history, follow));
}

/** On a page of older messages there is no place for a new one: what was sent leads to it. */
function elsewhere() {
  const lead = () => location.assign(composer.dataset.newest);
  return { begin() {}, fail() {}, confirm: lead };
}

function follow(article) {
  return new Answer(article, history, announcer).follow(article.dataset.run);
}

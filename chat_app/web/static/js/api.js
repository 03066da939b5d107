// The doors of the server that the page uses.

import { withIncident } from "./sentences.js";

const root = document.querySelector("meta[name=root]")?.content ?? "";
const csrfToken = document.querySelector("meta[name=csrf-token]")?.content ?? "";

/** A refusal by the server; its message is the sentence for the person. */
export class Refusal extends Error {}

/** `attachments` are the ids of uploaded files. */
export function postMessage(channelId, body, clientId, attachments) {
  return ask("POST", `/api/channels/${channelId}/messages`, { body, client_id: clientId, attachments });
}

/**
 * Uploads a file; `onProgress` gets the part that is through, from 0 to 1. Throws as `ask` does.
 * Not with fetch: that tells nothing about what is under way. `signal` ends it.
 */
export function uploadFile(file, onProgress, signal) {
  const request = new XMLHttpRequest();
  const form = new FormData();
  form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => onProgress(event.loaded / event.total));
    request.addEventListener("load", () => {
      const answer = parsed(request.responseText);
      if (request.status < 300) resolve(answer);
      else reject(new Refusal(answer.error ?? ""));
    });
    for (const end of ["error", "abort"]) request.addEventListener(end, () => reject(new TypeError(end)));
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", `${root}/api/attachments`);
    request.setRequestHeader("X-CSRFToken", csrfToken);
    request.send(form);
  });
}

export function discardFile(attachmentId) {
  return ask("DELETE", `/api/attachments/${attachmentId}`);
}

export function addressOf({ id }) {
  return `${root}/api/attachments/${id}`;
}

/** A message as the page of its channel has it, from the server's one template for it. */
export function getArticle(messageId) {
  return getElement(`/messages/${messageId}/article`);
}

/** The latest channels, as the sidebar lists them. */
export function getChannelLinks() {
  return getElement("/channels/latest");
}

/** The form for what waits for a person about this call. */
export function getApproval(runId, callId) {
  return getElement(`/runs/${runId}/approvals/${encodeURIComponent(callId)}`);
}

/** `content` is what was filled in where the call waits for a form, else null. */
export function decide(runId, callId, approve, content) {
  const body = content ? { approve, content } : { approve };
  return ask("POST", `/api/runs/${runId}/approvals/${encodeURIComponent(callId)}`, body);
}

export function cancelRun(runId) {
  return ask("POST", `/api/runs/${runId}/cancel`, {});
}

export function deleteMessage(messageId) {
  return ask("DELETE", `/api/messages/${messageId}`);
}

export function getMessage(messageId) {
  return ask("GET", `/api/messages/${messageId}`);
}

/** `rating` is up, down or null, which takes it back. */
export function giveFeedback(messageId, rating) {
  return ask("POST", `/api/messages/${messageId}/feedback`, { rating });
}

/** Says that all up to this message has been on the screen. */
export function markRead(messageId) {
  return ask("POST", `/messages/${messageId}/read`);
}

/** Says that one writes in a channel; it is forgotten after some seconds. */
export function startTyping(channelId) {
  return ask("POST", `/api/channels/${channelId}/typing`);
}

export function stopTyping(channelId) {
  return ask("DELETE", `/api/channels/${channelId}/typing`);
}

/** Whom one can mention in a channel: `[{ name, mention, isAgent }]`. */
export async function getMentions(channelId) {
  const [agents, people] = await Promise.all([
    ask("GET", "/api/agents"),
    ask("GET", `/api/channels/${channelId}/members`),
  ]);
  const enabled = agents.items.filter((agent) => agent.enabled);
  return [
    ...enabled.map(({ name, handle }) => ({ name, mention: handle, isAgent: true })),
    ...people.items.map(({ name }) => ({ name, mention: name, isAgent: false })),
  ];
}

/** What a page of the server's has at `selector`, all of it. Throws as `ask` does. */
export async function getParts(address, selector) {
  const page = await getPage(address);
  return [...page.querySelectorAll(selector)];
}

export function eventsOf(channelId) {
  return `${root}/api/channels/${channelId}/events?presence=1`;
}

export function streamOf(runId) {
  return `${root}/api/runs/${runId}/stream?html=1`;
}

export function regenerateAction(messageId) {
  return `${root}/messages/${messageId}/regenerate`;
}

/** The JSON answer. Throws `Refusal` with the server's sentence, `TypeError` when unreachable. */
async function ask(method, path, body) {
  const response = await fetch(root + path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refusal(withIncident(answer.error ?? "", answer.incident));
  return answer;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** The one element that a page of the server's consists of. Throws as `ask` does. */
async function getElement(path) {
  return (await getPage(root + path)).body.firstElementChild;
}

async function getPage(address) {
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  // A proxy whose server is away says nothing that is worth going to.
  if (response.status >= 500) throw new TypeError(response.statusText);
  // Who must sign in again was sent to another page.
  if (!response.ok || response.redirected) throw new Refusal(page.querySelector("h1")?.textContent ?? "");
  return page;
}

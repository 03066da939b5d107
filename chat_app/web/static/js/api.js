// The doors of the server that the page uses.

const root = document.querySelector("meta[name=root]")?.content ?? "";
const csrfToken = document.querySelector("meta[name=csrf-token]")?.content ?? "";

/** A refusal by the server; its message is the sentence for the person. */
export class Refusal extends Error {}

export function postMessage(channelId, body, clientId) {
  return ask("POST", `/api/channels/${channelId}/messages`, { body, client_id: clientId });
}

/** A message as the page of its channel has it, from the server's one template for it. */
export function getArticle(messageId) {
  return getElement(`/messages/${messageId}/article`);
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

export function streamOf(runId) {
  return `${root}/api/runs/${runId}/stream`;
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
  if (!response.ok) throw new Refusal(answer.error ?? "");
  return answer;
}

/** The one element that a page of the server's consists of. Throws as `ask` does. */
async function getElement(path) {
  const response = await fetch(root + path, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  // Who must sign in again was sent to another page.
  if (!response.ok || response.redirected) throw new Refusal(page.querySelector("h1")?.textContent ?? "");
  return page.body.firstElementChild;
}

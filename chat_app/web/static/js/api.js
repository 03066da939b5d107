// The doors of the server that the page uses.

const root = document.querySelector("meta[name=root]")?.content ?? "";
const csrfToken = document.querySelector("meta[name=csrf-token]")?.content ?? "";

/** A refusal by the server; its message is the sentence for the person. */
export class Refusal extends Error {}

export function postMessage(channelId, body, clientId) {
  return ask("POST", `/api/channels/${channelId}/messages`, { body, client_id: clientId });
}

export function getMessage(messageId) {
  return ask("GET", `/api/messages/${messageId}`);
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

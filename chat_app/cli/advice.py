"""What can be wrong with an installation that is reached over HTTP, and what to do about it. Pure.

Trouble     what a person reads: the problem, and the advice
├── of a connection (`unreachable`): nobody there, no such name, TLS, silence
├── of an answer (`refused`): our error codes, or something that is not Holdfast at all
└── of a run that was watched (`verdict` in watching.py)
"""

import ssl
from collections.abc import Iterator, Mapping
from socket import gaierror
from typing import Any

import httpx2

NEW_ONE = "make a token with `flask --app wsgi tokens create EMAIL`, or on the page of your tokens"
ADVICE = {
    "unauthorized": f"Is --email with --password, or --token, right? If in doubt, {NEW_ONE}.",
    "access_denied": "You may see this but not do it: be a member of the project with a role that"
    " may write, and use a token with the scope `write`.",
    "project_not_found": "It is not there, or not for you: the owner of the project can make you"
    " a member.",
    "run_not_found": "It is not a run of this project: leave --run out to start one.",
    "project_not_ready": "Provision it: on its page, or POST /api/v1/projects/ID/provision."
    " Where a run is under way in it, watch that one with --run, or stop it.",
    "ai_server_unavailable": "Holdfast cannot reach the project's AI server. Is it running, and is"
    " the address in the project right? Try it from Holdfast's machine: curl AI_SERVER_URL/health",
    "rate_limited": "Wait a moment and try again.",
    "quota_exceeded": "Something is used up; the sentence says what.",
    "server_busy": "Try again in a moment; if it stays so, the server needs more workers.",
    "internal_error": "Look for the incident in Holdfast's log.",
    "task_failed": "The AI server says that its task failed: look into its own log.",
    "run_cancelled": "Somebody stopped it.",
    "run_interrupted": "Holdfast lost the task, say because the AI server was started anew.",
}
NOT_HOLDFAST = "Is the port right, and does the way through your proxy lead to Holdfast?"
BUFFERED = (
    "Does a proxy in between buffer the stream, or cut it? It must pass on text/event-stream at"
    " once and wait more than 15 s between two bytes; docs/deploy.md shows how."
)
GATEWAY = (502, 503, 504)


class Trouble(Exception):
    """`problem` is what is wrong, `advice` what may help; both are sentences for a person.

    `may_pass`: the same may succeed in a moment.
    """

    def __init__(self, problem: str, advice: str, may_pass: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice
        self.may_pass = may_pass


def unreachable(url: str, error: httpx2.HTTPError) -> Trouble:
    """What a request to `url` that got no answer says about the way there."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Trouble(
                f"The certificate of {url} is not trusted: {cause.verify_message}.",
                "If a CA of your own has signed it, name its file in SSL_CERT_FILE; else renew the"
                " certificate, or use the name for which it was made.",
            )
        if isinstance(cause, ssl.SSLError):
            return Trouble(
                f"{url} does not speak TLS as it should: {cause.reason or cause}.",
                "Is it plain HTTP there? Then the address begins with http://",
            )
        if isinstance(cause, gaierror):
            return Trouble(f"There is no such host: {url}", "Is the name in --url right?")
        if isinstance(cause, ConnectionRefusedError):
            return Trouble(
                f"Nobody listens at {url}.", "Is Holdfast running, and are host and port right?"
            )
    if isinstance(error, httpx2.ConnectTimeout):
        return Trouble(
            f"{url} does not answer the door.",
            "Does a firewall drop the connection, or is the host down?",
        )
    if isinstance(error, httpx2.TimeoutException):
        return Trouble(f"{url} took the request and did not answer in time.", ADVICE["server_busy"])
    if isinstance(error, httpx2.RemoteProtocolError | httpx2.ReadError):
        return Trouble(
            f"{url} hung up without an answer.",
            f"Is it TLS there? Then the address begins with https:// — or else: {NOT_HOLDFAST}",
        )
    return Trouble(f"{url} cannot be reached: {error}.", NOT_HOLDFAST)


def refused(url: str, response: httpx2.Response, body: Any) -> Trouble:
    """What an answer that is no success says. `body` is its JSON, None where it has none."""
    if isinstance(body, Mapping) and "error_code" in body:
        code = str(body["error_code"])
        problem = f"{response.status_code} {code}: {body.get('error', '')}"
        advice = ADVICE.get(code, "The sentence says what is wrong.")
        return Trouble(problem, advice, may_pass=bool(body.get("retryable")))
    if response.has_redirect_location:
        there = response.headers["location"]
        return Trouble(f"{url} leads on to {there}.", "Give that address as --url.")
    if response.status_code in GATEWAY:
        return Trouble(
            f"A proxy at {url} says {response.status_code}: it does not get through to Holdfast.",
            "Is Holdfast running, and does the proxy know its port?",
            may_pass=True,
        )
    return not_holdfast(url, response)


def not_holdfast(url: str, response: httpx2.Response) -> Trouble:
    """Somebody else lives there."""
    kind = response.headers.get("content-type", "no type").partition(";")[0]
    who = response.headers.get("server", "somebody else")
    problem = f"{url} is not Holdfast: {who} answers {response.status_code} with {kind}."
    return Trouble(problem, NOT_HOLDFAST)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__

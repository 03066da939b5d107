"""Every failure a client can see: its code, HTTP status, whether a retry can help, its sentence.

    HoldfastError
    ├── RequestError            the request cannot be served as it is
    │   ├── InvalidRequest  NoMessage  MessageTooLong  PayloadTooLarge  MethodNotAllowed
    │   ├── Unauthorized  AccessDenied  CsrfFailed
    │   ├── NotFound
    │   │   └── ChannelNotFound  MessageNotFound  AgentNotFound  RunNotFound  SessionNotFound
    │   │       ProjectNotFound  ProviderNotFound  ToolServerNotFound  ToolNotFound
    │   │       UserNotFound  WorkspaceNotFound  InvitationNotFound
    │   ├── Conflict  ProjectNotReady  InvitationOver
    │   └── RateLimited  QuotaExceeded
    ├── AnswerError             a question that got no (whole) answer
    │   ├── NoAgent  ProviderNotConfigured
    │   ├── RunCancelled  RunInterrupted
    │   ├── ContextTooLong  ContentFiltered  TaskFailed
    │   ├── ProviderError
    │   │   └── ProviderAuthFailed  ProviderRateLimited  ProviderTimeout
    │   │       ProviderUnavailable  ProviderBadResponse  ProviderModelNotFound  ImagesRefused
    │   └── ToolError
    │       └── ToolUnavailable  ToolFailed  ToolTimeout  ToolLimitReached  ToolDenied
    └── ServerError             our side
        └── AIServerUnavailable  IssuerUnavailable  ServerBusy  InternalError

The classes are the table of codes: `codes()` walks them and docs/errors.md is generated from it.
"""

from collections.abc import Iterator
from typing import Any, ClassVar


class HoldfastError(Exception):
    """A failure with a code. `fields` join the error's JSON (`field`, `retry_after`, …).

    `message` replaces the class's sentence where one instance has something more exact to say;
    it is shown to people, so it never carries a secret or a stack.
    """

    error_code: ClassVar[str] = ""
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    sentence: ClassVar[str] = ""

    def __init__(self, message: str | None = None, **fields: Any) -> None:
        self.message = message or self.sentence
        self.fields = fields
        super().__init__(self.message)

    def as_dict(self) -> dict[str, Any]:
        """`{"error", "error_code", "retryable", …fields}`: the body of every refusal."""
        return {
            "error": self.message,
            "error_code": self.error_code,
            "retryable": self.retryable,
            **self.fields,
        }


def codes() -> Iterator[type[HoldfastError]]:
    """Every class that has a code, parents first, in the order of this file."""
    todo = [HoldfastError]
    while todo:
        cls = todo.pop(0)
        if cls.error_code:
            yield cls
        todo = cls.__subclasses__() + todo


def from_code(error_code: str, message: str | None = None, **fields: Any) -> HoldfastError:
    """The error that a stored code stands for; an unknown code is an `InternalError`."""
    for cls in codes():
        if cls.error_code == error_code:
            return cls(message, **fields)
    return InternalError(message, **fields)


class RequestError(HoldfastError):
    """The request cannot be served as it is."""

    http_status = 400


class InvalidRequest(RequestError):
    """`field` names the part of the body or query that is wrong, null for the body as a whole."""

    error_code = "invalid_request"
    sentence = "The request is not valid."

    def __init__(self, message: str | None = None, field: str | None = None, **more: Any) -> None:
        super().__init__(message, field=field, **more)


class NoMessage(RequestError):
    error_code = "no_message"
    sentence = "There is no message to answer."


class MessageTooLong(RequestError):
    error_code = "message_too_long"
    http_status = 413
    sentence = "The message is too long."


class PayloadTooLarge(RequestError):
    error_code = "payload_too_large"
    http_status = 413
    sentence = "The request is too large."


class MethodNotAllowed(RequestError):
    """`allowed` lists the methods that the address takes."""

    error_code = "method_not_allowed"
    http_status = 405
    sentence = "This address does not take that method."


class Unauthorized(RequestError):
    error_code = "unauthorized"
    http_status = 401
    sentence = "Please sign in."


class AccessDenied(RequestError):
    error_code = "access_denied"
    http_status = 403
    sentence = "You do not have access to this."


class CsrfFailed(RequestError):
    error_code = "csrf_failed"
    http_status = 403
    sentence = "This form has expired. Reload the page and try again."


class NotFound(RequestError):
    error_code = "not_found"
    http_status = 404
    sentence = "There is nothing here."


class ChannelNotFound(NotFound):
    error_code = "channel_not_found"
    sentence = "Channel not found"


class MessageNotFound(NotFound):
    error_code = "message_not_found"
    sentence = "Message not found"


class AgentNotFound(NotFound):
    error_code = "agent_not_found"
    sentence = "Agent not found"


class RunNotFound(NotFound):
    error_code = "run_not_found"
    sentence = "Run not found"


class SessionNotFound(NotFound):
    error_code = "session_not_found"
    sentence = "Session not found"


class ProjectNotFound(NotFound):
    error_code = "project_not_found"
    sentence = "Project not found"


class ProviderNotFound(NotFound):
    error_code = "provider_not_found"
    sentence = "Provider not found"


class ToolServerNotFound(NotFound):
    error_code = "tool_server_not_found"
    sentence = "Tool server not found"


class ToolNotFound(NotFound):
    error_code = "tool_not_found"
    sentence = "Tool not found"


class UserNotFound(NotFound):
    error_code = "user_not_found"
    sentence = "Person not found"


class WorkspaceNotFound(NotFound):
    error_code = "workspace_not_found"
    sentence = "Workspace not found"


class InvitationNotFound(NotFound):
    error_code = "invitation_not_found"
    sentence = "Invitation not found"


class Conflict(RequestError):
    error_code = "conflict"
    http_status = 409
    sentence = "This conflicts with what is already there."


class ProjectNotReady(RequestError):
    error_code = "project_not_ready"
    http_status = 409
    sentence = "The project is not ready."


class InvitationOver(RequestError):
    error_code = "invitation_over"
    http_status = 410
    sentence = "This invitation is over."


class RateLimited(RequestError):
    """`retry_after` is in seconds."""

    error_code = "rate_limited"
    http_status = 429
    retryable = True
    sentence = "Too many requests. Please wait a moment."


class QuotaExceeded(RequestError):
    error_code = "quota_exceeded"
    http_status = 429
    sentence = "The quota is used up."


class AnswerError(HoldfastError):
    """A question got no answer, or not the whole of it."""

    http_status = 502


class NoAgent(AnswerError):
    error_code = "no_agent"
    http_status = 409
    sentence = "No agent is set to answer here."


class ProviderNotConfigured(AnswerError):
    error_code = "provider_not_configured"
    http_status = 503
    sentence = "The agent has no working model provider. An admin can set one."


class RunCancelled(AnswerError):
    error_code = "run_cancelled"
    http_status = 409
    sentence = "The answer was stopped."


class RunInterrupted(AnswerError):
    error_code = "run_interrupted"
    http_status = 503
    retryable = True
    sentence = "The server was interrupted while answering. What was said is kept."


class ContextTooLong(AnswerError):
    error_code = "context_too_long"
    http_status = 413
    sentence = "The conversation is too long for the model."


class ContentFiltered(AnswerError):
    error_code = "content_filtered"
    http_status = 422
    sentence = "The provider's content filter refused this."


class TaskFailed(AnswerError):
    """An AI server says so, and why; ours is only the code."""

    error_code = "task_failed"
    sentence = "The AI server says that the task failed."


class ProviderError(AnswerError):
    """The model's provider failed us."""


class ProviderAuthFailed(ProviderError):
    error_code = "provider_auth_failed"
    sentence = "The model provider refused our key. An admin can set another one."


class ProviderRateLimited(ProviderError):
    """`retry_after` is in seconds, or null when the provider did not say."""

    error_code = "provider_rate_limited"
    http_status = 503
    retryable = True
    sentence = "The model provider is limiting our requests. Try again soon."


class ProviderTimeout(ProviderError):
    error_code = "provider_timeout"
    http_status = 504
    retryable = True
    sentence = "The model provider took too long."


class ProviderUnavailable(ProviderError):
    error_code = "provider_unavailable"
    retryable = True
    sentence = "The model provider cannot be reached."


class ProviderBadResponse(ProviderError):
    error_code = "provider_bad_response"
    retryable = True
    sentence = "The model provider sent something we could not read."


class ProviderModelNotFound(ProviderError):
    error_code = "provider_model_not_found"
    sentence = "The model provider does not have this model. An admin can choose another one."


class ImagesRefused(ProviderError):
    error_code = "images_refused"
    sentence = "The model does not take these images. Ask without them, or choose another model."


class ToolError(AnswerError):
    """A tool failed; the agent is told and goes on."""


class ToolUnavailable(ToolError):
    error_code = "tool_unavailable"
    retryable = True
    sentence = "A tool server cannot be reached; the agent goes on without it."


class ToolFailed(ToolError):
    error_code = "tool_failed"
    sentence = "The tool failed."


class ToolTimeout(ToolError):
    error_code = "tool_timeout"
    http_status = 504
    retryable = True
    sentence = "The tool took too long."


class ToolLimitReached(ToolError):
    error_code = "tool_limit_reached"
    http_status = 429
    sentence = "The agent used as many tools as it may for one answer."


class ToolDenied(ToolError):
    error_code = "tool_denied"
    http_status = 403
    sentence = "The tool call was not approved."


class ServerError(HoldfastError):
    """Our side failed."""

    http_status = 503


class IssuerUnavailable(ServerError):
    error_code = "issuer_unavailable"
    retryable = True
    sentence = "The sign-in cannot be reached."


class AIServerUnavailable(ServerError):
    error_code = "ai_server_unavailable"
    retryable = True
    sentence = "The AI server cannot be reached."


class ServerBusy(ServerError):
    error_code = "server_busy"
    retryable = True
    sentence = "The server is busy. Try again in a moment."


class InternalError(ServerError):
    """`incident` is the id under which the cause is in the log; nothing else of it goes out."""

    error_code = "internal_error"
    http_status = 500
    sentence = "Something went wrong on our side."

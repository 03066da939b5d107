"""The table of codes: whole, sound, and the only source of what a client is told."""

import re

import pytest

from chat_app.errors import HoldfastError, InternalError, RateLimited, codes, from_code

# CONTRACT §2: "codes that must exist".
CONTRACT = [
    "channel_not_found",
    "no_agent",
    "provider_not_configured",
    "no_message",
    "unauthorized",
    "access_denied",
    "csrf_failed",
    "not_found",
    "invalid_request",
    "message_too_long",
    "rate_limited",
    "quota_exceeded",
    "conflict",
    "run_not_found",
    "run_cancelled",
    "run_interrupted",
    "agent_not_found",
    "session_not_found",
    "provider_auth_failed",
    "provider_rate_limited",
    "provider_timeout",
    "provider_unavailable",
    "provider_bad_response",
    "provider_model_not_found",
    "context_too_long",
    "content_filtered",
    "tool_unavailable",
    "tool_failed",
    "tool_timeout",
    "tool_limit_reached",
    "tool_denied",
    "ai_server_unavailable",
    "project_not_found",
    "project_not_ready",
    "payload_too_large",
    "server_busy",
    "internal_error",
]


def test_every_code_of_the_contract_exists():
    assert set(CONTRACT) - {cls.error_code for cls in codes()} == set()


def test_no_code_stands_for_two_errors():
    found = [cls.error_code for cls in codes()]
    assert len(found) == len(set(found))


@pytest.mark.parametrize("cls", list(codes()), ids=lambda cls: cls.error_code)
def test_every_error_has_a_status_a_sentence_and_a_form(cls: type[HoldfastError]):
    error = cls()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", cls.error_code)
    assert 400 <= cls.http_status < 600
    assert re.fullmatch(r"[A-Z].{5,150}", cls.sentence)
    assert (
        error.as_dict().items()
        >= {
            "error": cls.sentence,
            "error_code": cls.error_code,
            "retryable": cls.retryable,
        }.items()
    )
    assert type(from_code(cls.error_code, "Said.")) is cls
    assert from_code(cls.error_code, "Said.").message == "Said."


def test_the_forms_that_the_contract_shows_are_exact():
    assert from_code("channel_not_found").as_dict() == {
        "error": "Channel not found",
        "error_code": "channel_not_found",
        "retryable": False,
    }
    assert RateLimited(retry_after=7).as_dict()["retry_after"] == 7
    assert from_code("invalid_request").as_dict()["field"] is None


def test_a_code_that_nobody_knows_is_a_mistake_of_ours():
    assert type(from_code("x")) is InternalError

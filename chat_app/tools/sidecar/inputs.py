"""Forms that servers want people to fill in: MCP elicitation, in the shapes of both eras. Pure."""

import mcp_types as types
import orjson
from pydantic import ValidationError

from chat_app.errors import ToolFailed
from chat_app.tools.values import InputAnswers, InputRequest, InputRequired

REQUESTS_MAX = 10
MESSAGE_CHARS_MAX = 4_000
SCHEMA_BYTES_MAX = 32 * 1024
STATE_BYTES_MAX = 64 * 1024


def required(found: types.InputRequiredResult) -> InputRequired:
    """What a person is to be asked. Raises ToolFailed where it is more than forms."""
    requests = found.input_requests or {}
    if len(requests) > REQUESTS_MAX or len((found.request_state or "").encode()) > STATE_BYTES_MAX:
        raise ToolFailed("The tool asks for too much at once.")
    return InputRequired(
        requests=tuple(_request(key, one) for key, one in requests.items()),
        state=found.request_state,
    )


def form(key: str, params: types.ElicitRequestParams) -> InputRequest | None:
    """The form, or None for what is no form that can be shown."""
    if not isinstance(params, types.ElicitRequestFormParams):
        return None
    schema = params.requested_schema
    try:
        if len(orjson.dumps(schema)) > SCHEMA_BYTES_MAX:
            return None
    except TypeError:
        return None
    return InputRequest(key, params.message.replace("\0", "")[:MESSAGE_CHARS_MAX], dict(schema))


def responses(answers: InputAnswers) -> types.InputResponses:
    """The answers as the server wants them. Raises ToolFailed for what no form can give."""
    return {key: answer(one) for key, one in answers.answers.items()}


def answer(raw: object) -> types.ElicitResult:
    """One answer, `{"action", "content"}`. Raises ToolFailed for what no form can give."""
    try:
        return types.ElicitResult.model_validate(raw)
    except ValidationError:
        raise ToolFailed("The answer does not fit into a form.") from None


def _request(key: str, request: types.InputRequest) -> InputRequest:
    found = form(key, request.params) if isinstance(request, types.ElicitRequest) else None
    if found is None:
        raise ToolFailed(f"The tool wants {_WANTS.get(request.method, 'what is not possible')}.")
    return found


_WANTS = {
    "elicitation/create": "a person to open a page, or to fill in a form that cannot be shown",
    "sampling/createMessage": "to ask a model itself, which is not possible",
    "roots/list": "to see folders, which there are none of",
}

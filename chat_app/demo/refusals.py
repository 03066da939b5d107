"""The demo endpoint's refusals, in the shape and words of OpenAI's API."""

import orjson
from werkzeug import Response


class Refusal(Exception):
    """A request that gets no answer: `code` and `param` are what OpenAI's `error` object has."""

    def __init__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {
            "message": message,
            "type": "invalid_request_error",
            "param": param,
            "code": code,
        }

    def response(self) -> Response:
        """The HTTP response: `{"error": {"message", "type", "param", "code"}}`."""
        body = orjson.dumps({"error": self.error})
        return Response(body, self.status, mimetype="application/json")


def bad_value(param: str, message: str) -> Refusal:
    """A parameter that is missing or has a wrong type or value."""
    return Refusal(400, f"Invalid '{param}': {message}.", code="invalid_value", param=param)


def unknown_model(model: str) -> Refusal:
    """A model that this endpoint does not have."""
    message = f"The model '{model}' does not exist or you do not have access to it."
    return Refusal(404, message, code="model_not_found", param="model")

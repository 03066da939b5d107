"""What AI servers answer: JSON to values. Pure.

Everything here raises AIServerUnavailable where an answer is not what CONTRACT §7 says.
"""

from typing import Any

import orjson

from chat_app.errors import AIServerUnavailable
from chat_app.remote.values import Task, TaskStatus

MAX_ID_CHARS = 200
MAX_WHY_CHARS = 2_000
_SHOWN_CHARS = 40
_STATUSES: dict[str, TaskStatus] = {
    "pending": "RUNNING",
    "running": "RUNNING",
    "success": "DONE",
    "failed": "FAILED",
    "stopped": "STOPPED",
}
_NO_OBJECT = "The AI server sent JSON of another shape than expected."


def parsed(body: bytes) -> Any:
    """The JSON of an answer."""
    try:
        return orjson.loads(body)
    except ValueError:
        raise AIServerUnavailable("The AI server sent something that is not JSON.") from None


def read_task_id(answer: Any) -> str:
    """The `task_id` (or `id`) of an object."""
    return _id(_object(answer))


def read_tasks(answer: Any) -> list[Task]:
    """A list of tasks, bare or as `tasks` or `items` of an object."""
    if isinstance(answer, dict):
        answer = answer.get("tasks", answer.get("items"))
    if not isinstance(answer, list):
        raise AIServerUnavailable(_NO_OBJECT)
    return [read_task(entry) for entry in answer]


def read_task(answer: Any, asked_id: str | None = None) -> Task:
    """One task. A `result` that is no text is given as its JSON. Who asked for `asked_id` need not
    be told the id again.
    """
    fields = _object(answer)
    if asked_id is not None and fields.keys().isdisjoint(("task_id", "id")):
        fields = fields | {"task_id": asked_id}
    result = fields.get("result")
    if result is not None and not isinstance(result, str):
        result = orjson.dumps(result).decode()
    whys = (fields.get(name) for name in ("error", "message", "detail"))
    why = next((why for why in whys if isinstance(why, str) and why.strip()), None)
    return Task(
        _id(fields),
        _status(fields.get("status")),
        _text(result),
        why and _text(why.strip()[:MAX_WHY_CHARS]),
        _text(fields.get("thread_id")),
        _text(fields.get("spec")),
    )


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise AIServerUnavailable(_NO_OBJECT)
    return answer


def _id(fields: dict[str, Any]) -> str:
    id = fields.get("task_id", fields.get("id"))
    if isinstance(id, int) and not isinstance(id, bool):
        id = str(id)
    # It becomes a part of paths, where the dots would lead elsewhere.
    if not isinstance(id, str) or not id.isprintable() or id in ("", ".", ".."):
        raise AIServerUnavailable("The AI server sent a task without an id.")
    if len(id) > MAX_ID_CHARS:
        raise AIServerUnavailable("The AI server sent a task with an id that is too long.")
    return id


def _status(word: Any) -> TaskStatus:
    status = _STATUSES.get(word.strip().lower()) if isinstance(word, str) else None
    if status is None:
        shown = "".join(char for char in str(word)[:_SHOWN_CHARS] if char.isprintable())
        raise AIServerUnavailable(f"The AI server sent a status that is not known here: {shown}.")
    return status


def _text(value: Any) -> str | None:
    """NUL is no text for PostgreSQL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else None

"""The names under which a model sees tools: unique, and such as providers take. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

# https://platform.openai.com/docs/api-reference/chat/create: a-z, A-Z, 0-9, _ and -, at most 64.
NAME_MAX_CHARS = 64
_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")


def offered_names(tools: Sequence[tuple[str, str]]) -> list[str]:
    """A name for each `(server, tool)`: the tool's own, `server__tool` where two would collide."""
    plain = [_allowed(tool) for _, tool in tools]
    times = Counter(plain)
    taken: set[str] = {name for name in plain if times[name] == 1}
    names = []
    for (server, _), name in zip(tools, plain, strict=True):
        names.append(name if times[name] == 1 else _free(f"{_allowed(server)}__{name}", taken))
        taken.add(names[-1])
    return names


def _allowed(name: str) -> str:
    return _NOT_IN_A_NAME.sub("_", name)[:NAME_MAX_CHARS].strip("_") or "tool"


def _free(name: str, taken: set[str]) -> str:
    """`name` cut to length, with a number where it is taken."""
    free, number = name[:NAME_MAX_CHARS], 2
    while free in taken:
        end = f"_{number}"
        free, number = name[: NAME_MAX_CHARS - len(end)] + end, number + 1
    return free

"""Text of a tool server, made fit to be shown to people. Pure."""

from chat_app.tools.values import ServerSpec

MAX_SHOWN_CHARS = 300
SECRET_MIN_CHARS = 4  # shorter values are words, not keys


def shown(text: object, spec: ServerSpec) -> str:
    """At most MAX_SHOWN_CHARS of `text` on one line, without the server's secrets."""
    if not isinstance(text, str):
        return ""
    # str.isprintable is false for control, format (bidi tricks) and surrogate characters.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    for secret in _secrets(spec):
        line = line.replace(secret, "…")
    return line if len(line) <= MAX_SHOWN_CHARS else line[: MAX_SHOWN_CHARS - 1] + "…"


def _secrets(spec: ServerSpec) -> list[str]:
    """Values of headers and environment, and each word of them: `Bearer KEY` holds a key."""
    values = [value for _, value in (*spec.headers, *spec.env)]
    found = {part for value in values for part in (value, *value.split())}
    # The longest first, or replacing a part would leave the rest of the whole.
    return sorted((one for one in found if len(one) >= SECRET_MIN_CHARS), key=len, reverse=True)

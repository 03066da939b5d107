"""Text of a provider, made fit to be shown to people. Pure."""

MAX_SHOWN_CHARS = 300


def shown(text: object, api_key: str | None) -> str:
    """At most MAX_SHOWN_CHARS of `text` on one line, without the key; "" if it is no string."""
    if type(text) is not str:
        return ""
    # str.isprintable is false for control, format (bidi tricks) and surrogate characters.
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    # The key goes before the cut, or the cut could leave its first half.
    if api_key:
        line = line.replace(api_key, "…")
    return line if len(line) <= MAX_SHOWN_CHARS else line[: MAX_SHOWN_CHARS - 1] + "…"

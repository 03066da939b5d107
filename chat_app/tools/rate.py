"""How much of something that may be a flood is let through. Pure: the caller brings the time."""


class Rate:
    """At most `most` in each stretch of `per_s` seconds."""

    def __init__(self, most: int, per_s: float) -> None:
        self._most, self._per_s = most, per_s
        self._began_s = float("-inf")
        self._count = 0

    def let(self, now_s: float) -> int | None:
        """How many were held back before this one, or None: hold this one back too."""
        held = 0
        if now_s - self._began_s >= self._per_s:
            held = max(0, self._count - self._most)
            self._began_s, self._count = now_s, 0
        self._count += 1
        return held if self._count <= self._most else None

"""When a server that failed is tried again. Pure: the caller brings the time."""

FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 60.0


class Breaker:
    """Open for half a second after a failure, and twice as long after each further one."""

    def __init__(self) -> None:
        self._failures = 0
        self._until_s = 0.0

    def failed(self, now_s: float) -> None:
        # The exponent is bounded: 2**2000 is no float.
        pause_s = FIRST_PAUSE_S * 2 ** min(self._failures, 10)
        self._until_s = now_s + min(pause_s, MAX_PAUSE_S)
        self._failures += 1

    def lost(self, now_s: float) -> None:
        """It was open and broke. That may happen once; again and again it is a failure."""
        if self._failures:
            self.failed(now_s)
        self._failures = max(self._failures, 1)

    def worked(self) -> None:
        self._failures, self._until_s = 0, 0.0

    def close(self) -> None:
        """Somebody wants it tried now; what failed is not forgotten."""
        self._until_s = 0.0

    def left_s(self, now_s: float) -> float:
        """For how long it is still open; 0 when it is closed."""
        return max(0.0, self._until_s - now_s)

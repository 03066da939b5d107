"""How long is waited for what; tests have less of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chat_app.store.base import now


@dataclass(frozen=True, slots=True)
class Patience:
    """A supervisor renews every `renew_every_s` what it holds, and looks every `look_every_s` for
    what nobody does; after `lease_s` of silence another process of the host takes over, and one
    of another host, which cannot see the AI server, after `other_hosts_s` more.

    An AI server has `start_s` to answer for the first time, and `silent_s` later on. One that
    failed is started anew after each of `restart_s`, and after the last one it has failed for
    good; whoever ran for `stable_s` has all of them again. One at an address is asked again after
    each of `ask_again_s`.
    """

    lease_s: float = 15.0
    renew_every_s: float = 5.0
    look_every_s: float = 1.0
    other_hosts_s: float = 60.0
    start_s: float = 60.0
    health_every_s: float = 10.0
    silent_s: float = 120.0
    stable_s: float = 60.0
    grace_s: float = 5.0
    restart_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    ask_again_s: tuple[float, ...] = (1.0, 2.0)

    def until(self) -> datetime:
        """When a lease that begins now lapses."""
        return now() + timedelta(seconds=self.lease_s)


def next_try(tries: int, pauses_s: tuple[float, ...]) -> datetime | None:
    """When to try again after so many failures in a row; None: not any more."""
    return now() + timedelta(seconds=pauses_s[tries - 1]) if tries <= len(pauses_s) else None


def is_over(since: datetime, seconds: float) -> bool:
    """Whether so long has passed."""
    return now() - since > timedelta(seconds=seconds)

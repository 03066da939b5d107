"""How long a process may answer a run without a sign of life, and how soon others look."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chat_app.store.base import now


@dataclass(frozen=True, slots=True)
class Lease:
    """An owner renews its leases every `renew_every_s`; after `lasts_s` of silence they lapse.

    Every `look_every_s` a process looks for runs that nobody answers: lapsed, given back, or in
    the queue for `queue_patience_s`, which whoever put them there would have begun long ago.
    """

    lasts_s: float = 15.0
    renew_every_s: float = 5.0
    look_every_s: float = 1.0
    queue_patience_s: float = 5.0

    def until(self) -> datetime:
        """When a lease that begins now lapses."""
        return now() + timedelta(seconds=self.lasts_s)

    def queued_before(self) -> datetime:
        """A run that waits since before this is forgotten."""
        return now() - timedelta(seconds=self.queue_patience_s)


USUAL = Lease()

"""A channel as one page shows it: a stretch of its messages, and all that belongs to them."""

from dataclasses import dataclass

from chat_app import access
from chat_app.access import Person
from chat_app.runtime import Runtime
from chat_app.store.channels import ChannelRow
from chat_app.store.db import Session
from chat_app.store.messages import FeedbackRow, MessageRow, feedback_of, page_and_next
from chat_app.store.read_marks import mark_of
from chat_app.store.remote_tasks import remote_runs_of_replies
from chat_app.store.runs import live_runs_of_channel
from chat_app.streaming.live import LiveAnswer, live_answer


@dataclass(frozen=True)
class Stretch:
    """A stretch of a channel's messages, ascending; `older` and `newer` are the ids from which the
    pages beside it are counted, None where there is nothing.
    """

    messages: list[MessageRow]
    older: int | None
    newer: int | None

    @property
    def reply_ids(self) -> list[int]:
        return [message.id for message in self.messages if message.role != "user"]


@dataclass(frozen=True)
class ChannelPage:
    """By the ids of replies: `live` is what is being written in the channel, `tasks` the public ids
    of the remote runs that gave them, `feedback` what the person thinks of them. `read_to` is the
    last message that the person had seen before.
    """

    channel: ChannelRow
    stretch: Stretch
    live: dict[int, LiveAnswer]
    tasks: dict[int, str]
    feedback: dict[int, FeedbackRow]
    read_to: int


def read(
    rt: Runtime, person: Person, ref: str | int, limit: int, before: int | None, after: int | None
) -> ChannelPage:
    """The channel with up to `limit` of its messages: the newest, or those before or after an id.

    All of it as it is at one moment: what changes later is told by the channel's own stream from
    `channel.last_event_seq` on. Raises `ChannelNotFound`, `AccessDenied`.
    """
    with rt.db.snapshot() as session:
        channel = access.channel(session, person, ref)
        stretch = _stretch(session, channel.id, limit, before, after)
        live = live_runs_of_channel(session, channel.id)
        return ChannelPage(
            channel,
            stretch,
            {run.reply_id: live_answer(session, run) for run in live},
            remote_runs_of_replies(session, channel.id, stretch.reply_ids),
            feedback_of(session, person.id, stretch.reply_ids),
            mark_of(session, person.id, channel.id),
        )


def _stretch(
    session: Session, channel_id: int, limit: int, before: int | None, after: int | None
) -> Stretch:
    if after is not None and before is None:
        found, newer = page_and_next(session, channel_id, limit, None, after)
        if found:
            return Stretch(found, found[0].id, newer)
    found, older = page_and_next(session, channel_id, limit, before, None)
    newer = found[-1].id if found and before is not None else None
    return Stretch(found, older, newer)

"""How many messages are new to somebody, counted by each database."""

from chat_app.store import read_marks
from tests.houses import House, on_each_database


@on_each_database
def test_counts_are_the_same_on_each_database(house: House):
    owner = house.people.owner
    channel_id, other = owner.channel(), owner.channel()
    said = [owner.say(channel_id, f"{n}.", reply="none")["message"]["id"] for n in range(5)]
    with house.rt.db.transaction() as session:
        read_marks.move_mark(session, 2, channel_id, said[1])
        read_marks.move_mark(session, 2, channel_id, said[0])
    with house.rt.db.reading() as session:
        assert read_marks.mark_of(session, 2, channel_id) == said[1]
        counts = read_marks.unread_counts(session, 2, [channel_id, other], 100)
        assert counts == {channel_id: 3, other: 0}
        assert read_marks.unread_counts(session, 2, [channel_id], 2) == {channel_id: 2}
        assert read_marks.unread_counts(session, 1, [channel_id], 100) == {channel_id: 0}

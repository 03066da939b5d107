"""How far each person has read in each channel."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# What was said before there were marks counts as read.
ALL_READ = """
insert into read_marks (user_id, channel_id, message_id)
select member.user_id, member.channel_id, coalesce(max(message.id), 0)
from channel_members member
left join messages message on message.channel_id = member.channel_id
group by member.user_id, member.channel_id
"""


def upgrade() -> None:
    op.create_table(
        "read_marks",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("channel_id", BIG, nullable=False),
        sa.Column("message_id", BIG, nullable=False),
        _to("user_id", "users"),
        _to("channel_id", "channels"),
        sa.PrimaryKeyConstraint("user_id", "channel_id", name="pk_read_marks"),
    )
    op.create_index("ix_read_marks_channel_id", "read_marks", ["channel_id"])
    op.execute(ALL_READ)


def downgrade() -> None:
    op.drop_table("read_marks")


def _to(column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_read_marks_{column}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")

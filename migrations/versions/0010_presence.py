"""Who has a channel open, and who writes in it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "presences",
        sa.Column("channel_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("here_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("typing_until", sa.DateTime(timezone=True), nullable=True),
        _to("channel_id", "channels"),
        _to("user_id", "users"),
        sa.PrimaryKeyConstraint("channel_id", "user_id", name="pk_presences"),
    )
    op.create_index("ix_presences_user_id", "presences", ["user_id"])


def downgrade() -> None:
    op.drop_table("presences")


def _to(column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_presences_{column}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")

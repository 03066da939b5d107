"""Attachments: the files that people send with their messages."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("uploader_id", BIG, nullable=True),
        sa.Column("message_id", BIG, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", BIG, nullable=False),
        sa.Column("width", BIG, nullable=True),
        sa.Column("height", BIG, nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to("workspace_id", "workspaces", "CASCADE"),
        _to("uploader_id", "users", "SET NULL"),
        _to("message_id", "messages", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attachments"),
        sqlite_autoincrement=True,
    )
    for column in ("workspace_id", "uploader_id", "message_id"):
        op.create_index(f"ix_attachments_{column}", "attachments", [column])
    op.add_column(
        "messages", sa.Column("attachments", sa.JSON(), server_default="[]", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("messages", "attachments")
    op.drop_table("attachments")


def _to(column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_attachments_{column}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)

"""Invitations, the audit log, and what usage is counted by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("made_by_id", BIG, nullable=True),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("uses", BIG, nullable=False),
        sa.Column("uses_max", BIG, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to("invitations", "made_by_id", "users", "SET NULL"),
        _to("invitations", "workspace_id", "workspaces", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("secret_hash", name="uq_invitations_secret_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_invitations_made_by_id", "invitations", ["made_by_id"])
    op.create_index("ix_invitations_workspace_id", "invitations", ["workspace_id"])

    op.create_table(
        "audit_events",
        sa.Column("workspace_id", BIG, nullable=True),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("user_name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=300), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to("audit_events", "user_id", "users", "SET NULL"),
        _to("audit_events", "workspace_id", "workspaces", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_events_created_at", "audit_events", ["created_at"])
    op.create_index("ix_audit_events_user_id_id", "audit_events", ["user_id", "id"])
    op.create_index("ix_audit_events_workspace_id_id", "audit_events", ["workspace_id", "id"])

    op.create_index("ix_runs_created_at", "runs", ["created_at"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_messages_created_at", "messages")
    op.drop_index("ix_runs_created_at", "runs")
    op.drop_table("audit_events")
    op.drop_table("invitations")


def _to(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)

"""Projects in full: their AI server, who provisions it, and their members."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("projects", table_kwargs=KEPT) as projects:
        for column in _added():
            projects.add_column(column)
        projects.create_foreign_key(
            "fk_projects_thread_channel_id",
            "channels",
            ["thread_channel_id"],
            ["id"],
            ondelete="SET NULL",
        )
    op.create_index("ix_projects_thread_channel_id", "projects", ["thread_channel_id"])
    op.create_index("ix_projects_status", "projects", ["status"])

    op.create_table(
        "project_members",
        sa.Column("project_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        _to("project_members", "project_id", "projects", "CASCADE"),
        _to("project_members", "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "user_id", name="pk_project_members"),
    )
    op.create_index("ix_project_members_user_id", "project_members", ["user_id"])

    op.create_table(
        "ai_servers",
        sa.Column("project_id", BIG, nullable=True),
        sa.Column("host", sa.String(length=100), nullable=False),
        sa.Column("mark", sa.String(length=100), nullable=False),
        sa.Column("pid", BIG, nullable=False),
        sa.Column("started", sa.String(length=100), nullable=False),
        sa.Column("healthy_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to("ai_servers", "project_id", "projects", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_ai_servers"),
        sa.UniqueConstraint("project_id", name="uq_ai_servers_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ai_servers_host", "ai_servers", ["host"])


def downgrade() -> None:
    op.drop_table("ai_servers")
    op.drop_table("project_members")
    op.drop_index("ix_projects_status", "projects")
    op.drop_index("ix_projects_thread_channel_id", "projects")
    with op.batch_alter_table("projects", table_kwargs=KEPT) as projects:
        projects.drop_constraint("fk_projects_thread_channel_id", type_="foreignkey")
        for column in reversed(_added()):
            projects.drop_column(column.name)


def _added() -> list[sa.Column[Any]]:
    """What a project of before gets says that nothing was provisioned for it yet."""
    return [
        sa.Column("spec", sa.Text(), server_default="", nullable=False),
        sa.Column("backend", sa.String(length=10), server_default="url", nullable=False),
        sa.Column("ai_server_url", sa.String(length=2000), nullable=True),
        sa.Column("ai_server_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("by_operator", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("status", sa.String(length=15), server_default="CREATED", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("thread_channel_id", BIG, nullable=True),
        sa.Column("supervisor", sa.String(length=100), nullable=True),
        sa.Column("supervised_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", BIG, server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _to(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)

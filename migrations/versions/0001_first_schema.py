"""First schema: workspaces, people, tokens, providers, agents, channels, messages, runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "providers",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=False),
        sa.Column("api_key_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("default_model", sa.String(length=200), nullable=True),
        sa.Column("connect_timeout_s", sa.Double(), nullable=False),
        sa.Column("read_timeout_s", sa.Double(), nullable=False),
        sa.Column("write_timeout_s", sa.Double(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
        sa.UniqueConstraint("name", name="uq_providers_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("is_operator", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("email", name="uq_users_email"),
        sa.UniqueConstraint("public_id", name="uq_users_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workspaces",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
        sa.UniqueConstraint("public_id", name="uq_workspaces_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agents",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("handle", sa.String(length=40), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=False),
        sa.Column("greeting", sa.Text(), nullable=False),
        sa.Column("provider_id", BIG, nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("temperature", sa.Double(), nullable=True),
        sa.Column("max_tokens", BIG, nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name="fk_agents_provider_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_agents_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
        sa.UniqueConstraint("public_id", name="uq_agents_public_id"),
        sa.UniqueConstraint("workspace_id", "handle", name="uq_agents_workspace_id_handle"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_agents_provider_id", "agents", ["provider_id"], unique=False)
    op.create_index(
        "uq_agents_default",
        "agents",
        ["workspace_id"],
        unique=True,
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )

    op.create_table(
        "tokens",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=100), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_tokens_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"], unique=False)

    op.create_table(
        "workspace_members",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_workspace_members_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name="fk_workspace_members_workspace_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name="pk_workspace_members"),
    )
    op.create_index("ix_workspace_members_user_id", "workspace_members", ["user_id"], unique=False)

    op.create_table(
        "channels",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("reply_mode", sa.String(length=10), nullable=False),
        sa.Column("agent_id", BIG, nullable=True),
        sa.Column("last_seq", BIG, nullable=False),
        sa.Column("last_event_seq", BIG, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name="fk_channels_agent_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_channels_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_channels"),
        sa.UniqueConstraint("public_id", name="uq_channels_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_channels_agent_id", "channels", ["agent_id"], unique=False)
    op.create_index("ix_channels_workspace_id", "channels", ["workspace_id"], unique=False)

    op.create_table(
        "channel_events",
        sa.Column("channel_id", BIG, autoincrement=False, nullable=False),
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("ref_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_channel_events_channel_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "seq", name="pk_channel_events"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_channel_events_created_at", "channel_events", ["created_at"], unique=False)

    op.create_table(
        "channel_members",
        sa.Column("channel_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channels.id"],
            name="fk_channel_members_channel_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_channel_members_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "user_id", name="pk_channel_members"),
    )
    op.create_index("ix_channel_members_user_id", "channel_members", ["user_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("channel_id", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("author_user_id", BIG, nullable=True),
        sa.Column("author_agent_id", BIG, nullable=True),
        sa.Column("author_name", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=15), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("client_id", sa.String(length=100), nullable=True),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_agent_id"],
            ["agents.id"],
            name="fk_messages_author_agent_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["author_user_id"], ["users.id"], name="fk_messages_author_user_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_messages_channel_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["messages.id"], name="fk_messages_parent_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint(
            "author_user_id", "client_id", name="uq_messages_author_user_id_client_id"
        ),
        sa.UniqueConstraint("channel_id", "seq", name="uq_messages_channel_id_seq"),
        sa.UniqueConstraint("public_id", name="uq_messages_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_author_agent_id", "messages", ["author_agent_id"], unique=False)
    op.create_index("ix_messages_channel_id_id", "messages", ["channel_id", "id"], unique=False)
    op.create_index("ix_messages_parent_id", "messages", ["parent_id"], unique=False)

    op.create_table(
        "feedback",
        sa.Column("message_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("rating", sa.String(length=4), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name="fk_feedback_message_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_feedback_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "user_id", name="pk_feedback"),
    )
    op.create_table(
        "runs",
        sa.Column("channel_id", BIG, nullable=False),
        sa.Column("agent_id", BIG, nullable=True),
        sa.Column("question_id", BIG, nullable=False),
        sa.Column("reply_id", BIG, nullable=False),
        sa.Column("generation", BIG, nullable=False),
        sa.Column("status", sa.String(length=15), nullable=False),
        sa.Column("attempt", BIG, nullable=False),
        sa.Column("released", BIG, nullable=False),
        sa.Column("owner", sa.String(length=100), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("finish_reason", sa.String(length=20), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name="fk_runs_agent_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_runs_channel_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["messages.id"], name="fk_runs_question_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["messages.id"], name="fk_runs_reply_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.UniqueConstraint("public_id", name="uq_runs_public_id"),
        sa.UniqueConstraint("question_id", "generation", name="uq_runs_question_id_generation"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_agent_id", "runs", ["agent_id"], unique=False)
    op.create_index("ix_runs_channel_id", "runs", ["channel_id"], unique=False)
    op.create_index("ix_runs_finished_at", "runs", ["finished_at"], unique=False)
    op.create_index("ix_runs_owner_status", "runs", ["owner", "status"], unique=False)
    op.create_index("ix_runs_reply_id", "runs", ["reply_id"], unique=False)
    op.create_index("ix_runs_status_lease_until", "runs", ["status", "lease_until"], unique=False)

    op.create_table(
        "run_events",
        sa.Column("run_id", BIG, autoincrement=False, nullable=False),
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_run_events_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_run_events"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("run_events")
    op.drop_index("ix_runs_status_lease_until", "runs")
    op.drop_index("ix_runs_reply_id", "runs")
    op.drop_index("ix_runs_owner_status", "runs")
    op.drop_index("ix_runs_finished_at", "runs")
    op.drop_index("ix_runs_channel_id", "runs")
    op.drop_index("ix_runs_agent_id", "runs")

    op.drop_table("runs")
    op.drop_table("feedback")
    op.drop_index("ix_messages_parent_id", "messages")
    op.drop_index("ix_messages_channel_id_id", "messages")
    op.drop_index("ix_messages_author_agent_id", "messages")

    op.drop_table("messages")
    op.drop_index("ix_channel_members_user_id", "channel_members")

    op.drop_table("channel_members")
    op.drop_index("ix_channel_events_created_at", "channel_events")

    op.drop_table("channel_events")
    op.drop_index("ix_channels_workspace_id", "channels")
    op.drop_index("ix_channels_agent_id", "channels")

    op.drop_table("channels")
    op.drop_index("ix_workspace_members_user_id", "workspace_members")

    op.drop_table("workspace_members")
    op.drop_index("ix_tokens_user_id", "tokens")

    op.drop_table("tokens")
    op.drop_index(
        "uq_agents_default",
        "agents",
        sqlite_where=sa.text("is_default"),
        postgresql_where=sa.text("is_default"),
    )
    op.drop_index("ix_agents_provider_id", "agents")

    op.drop_table("agents")
    op.drop_table("workspaces")
    op.drop_table("users")
    op.drop_table("providers")

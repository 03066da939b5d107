"""Tool servers, tools and their approvals, projects, notes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("workspace_id", BIG, nullable=False),
        sa.Column("owner_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name="fk_projects_owner_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_projects_workspace_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("public_id", name="uq_projects_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_projects_owner_id", "projects", ["owner_id"])
    op.create_index("ix_projects_workspace_id", "projects", ["workspace_id"])

    op.create_table(
        "tool_servers",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("project_id", BIG, nullable=True),
        sa.Column("transport", sa.String(length=10), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=True),
        sa.Column("command", sa.JSON(), nullable=True),
        sa.Column("env_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("api_key_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("headers_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("state_message", sa.Text(), nullable=True),
        sa.Column("last_sync", sa.DateTime(timezone=True), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("by_operator", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_tool_servers_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tool_servers"),
        sa.UniqueConstraint("project_id", "name", name="uq_tool_servers_project_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_tool_servers_system_name",
        "tool_servers",
        ["name"],
        unique=True,
        sqlite_where=sa.text("project_id is null"),
        postgresql_where=sa.text("project_id is null"),
    )

    op.create_table(
        "agent_tool_servers",
        sa.Column("agent_id", BIG, nullable=False),
        sa.Column("server_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name="fk_agent_tool_servers_agent_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["server_id"],
            ["tool_servers.id"],
            name="fk_agent_tool_servers_server_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("agent_id", "server_id", name="pk_agent_tool_servers"),
    )
    op.create_index("ix_agent_tool_servers_server_id", "agent_tool_servers", ["server_id"])

    op.create_table(
        "notes",
        sa.Column("channel_id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name="fk_notes_channel_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("channel_id", "number", name="pk_notes"),
    )
    op.create_table(
        "tools",
        sa.Column("server_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("input_schema", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(length=5), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["server_id"], ["tool_servers.id"], name="fk_tools_server_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tools"),
        sa.UniqueConstraint("server_id", "name", name="uq_tools_server_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "agent_tools",
        sa.Column("agent_id", BIG, nullable=False),
        sa.Column("tool_id", BIG, nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("policy", sa.String(length=5), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name="fk_agent_tools_agent_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tool_id"], ["tools.id"], name="fk_agent_tools_tool_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "tool_id", name="pk_agent_tools"),
    )
    op.create_index("ix_agent_tools_tool_id", "agent_tools", ["tool_id"])

    op.create_table(
        "approvals",
        sa.Column("run_id", BIG, autoincrement=False, nullable=False),
        sa.Column("call_id", sa.String(length=100), nullable=False),
        sa.Column("ask", BIG, autoincrement=False, nullable=False),
        sa.Column("tool_id", BIG, nullable=True),
        sa.Column("key", sa.String(length=500), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_approvals_run_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_approvals_user_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["tool_id"], ["tools.id"], name="fk_approvals_tool_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("run_id", "call_id", "ask", name="pk_approvals"),
    )
    with op.batch_alter_table("channels", table_kwargs={"sqlite_autoincrement": True}) as channels:
        channels.add_column(sa.Column("project_id", BIG, nullable=True))
        channels.create_foreign_key(
            "fk_channels_project_id", "projects", ["project_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_channels_project_id", "channels", ["project_id"])
    op.add_column(
        "messages", sa.Column("tool_calls", sa.JSON(), server_default="[]", nullable=False)
    )
    with op.batch_alter_table("runs", table_kwargs={"sqlite_autoincrement": True}) as runs:
        runs.add_column(sa.Column("parked_until", sa.DateTime(timezone=True), nullable=True))
        runs.add_column(sa.Column("user_id", BIG, nullable=True))
        runs.create_foreign_key(
            "fk_runs_user_id", "users", ["user_id"], ["id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("runs", table_kwargs={"sqlite_autoincrement": True}) as runs:
        runs.drop_constraint("fk_runs_user_id", type_="foreignkey")
        runs.drop_column("user_id")
        runs.drop_column("parked_until")
    op.drop_column("messages", "tool_calls")
    op.drop_index("ix_channels_project_id", "channels")
    with op.batch_alter_table("channels", table_kwargs={"sqlite_autoincrement": True}) as channels:
        channels.drop_constraint("fk_channels_project_id", type_="foreignkey")
        channels.drop_column("project_id")
    op.drop_table("approvals")
    op.drop_table("agent_tools")
    op.drop_table("tools")
    op.drop_table("notes")
    op.drop_table("agent_tool_servers")
    op.drop_table("tool_servers")
    op.drop_table("projects")

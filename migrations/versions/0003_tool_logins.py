"""People's logins to tool servers (OAuth)."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "tool_servers",
        sa.Column("auth", sa.String(length=10), server_default="none", nullable=False),
    )
    op.create_table(
        "tool_clients",
        sa.Column("server_id", BIG, nullable=False),
        sa.Column("issuer", sa.String(length=2000), nullable=True),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("secret_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("auth_method", sa.String(length=30), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=True),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to("tool_clients", "server_id", "tool_servers"),
        sa.PrimaryKeyConstraint("id", name="pk_tool_clients"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tool_clients_server_id", "tool_clients", ["server_id"])

    op.create_table(
        "tool_logins",
        sa.Column("server_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("client_id", BIG, nullable=False),
        sa.Column("resource", sa.String(length=2000), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("token_endpoint", sa.String(length=2000), nullable=False),
        sa.Column("access_token_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("refresh_token_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("generation", BIG, nullable=False),
        sa.Column("refreshing_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        _to("tool_logins", "client_id", "tool_clients"),
        _to("tool_logins", "server_id", "tool_servers"),
        _to("tool_logins", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name="pk_tool_logins"),
        sa.UniqueConstraint("server_id", "user_id", name="uq_tool_logins_server_id_user_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tool_logins_client_id", "tool_logins", ["client_id"])
    op.create_index("ix_tool_logins_user_id", "tool_logins", ["user_id"])

    op.create_table(
        "tool_login_attempts",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("server_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("client_id", BIG, nullable=False),
        sa.Column("wants_iss", sa.Boolean(), nullable=False),
        sa.Column("resource", sa.String(length=2000), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("token_endpoint", sa.String(length=2000), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("verifier_encrypted", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _to("tool_login_attempts", "client_id", "tool_clients"),
        _to("tool_login_attempts", "server_id", "tool_servers"),
        _to("tool_login_attempts", "user_id", "users"),
        sa.PrimaryKeyConstraint("state_hash", name="pk_tool_login_attempts"),
    )
    for column in ("client_id", "expires_at", "server_id", "user_id"):
        op.create_index(f"ix_tool_login_attempts_{column}", "tool_login_attempts", [column])


def downgrade() -> None:
    op.drop_table("tool_login_attempts")
    op.drop_table("tool_logins")
    op.drop_table("tool_clients")
    op.drop_column("tool_servers", "auth")


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")

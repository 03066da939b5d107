"""Remote runs: the task that a run follows on an AI server, and agents that answer by one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only where the key is exactly INTEGER.
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("agents", table_kwargs=KEPT) as agents:
        agents.add_column(
            sa.Column("kind", sa.String(length=10), server_default="model", nullable=False)
        )
        agents.add_column(sa.Column("project_id", BIG, nullable=True))
        agents.create_foreign_key(
            "fk_agents_project_id", "projects", ["project_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_agents_project_id", "agents", ["project_id"])

    op.create_table(
        "remote_tasks",
        sa.Column("run_id", BIG, nullable=False),
        sa.Column("project_id", BIG, nullable=True),
        sa.Column("thread_id", sa.String(length=36), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("task_id", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_remote_tasks_run_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_remote_tasks_project_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("run_id", name="pk_remote_tasks"),
    )
    op.create_index("ix_remote_tasks_project_id_run_id", "remote_tasks", ["project_id", "run_id"])


def downgrade() -> None:
    op.drop_table("remote_tasks")
    op.drop_index("ix_agents_project_id", "agents")
    with op.batch_alter_table("agents", table_kwargs=KEPT) as agents:
        agents.drop_constraint("fk_agents_project_id", type_="foreignkey")
        agents.drop_column("project_id")
        agents.drop_column("kind")

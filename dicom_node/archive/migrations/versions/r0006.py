"""Several processes may share the work: who takes part, and what each of them holds."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nobody runs what is there (PostgreSQL begins with this revision)."""
    op.add_column("jobs", sa.Column("executor_id", sa.Text))
    op.create_table(
        "executors",
        sa.Column("executor_id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("beat_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name="pk_executors"),
    )
    for table, key in (("leases", "name"), ("open_associations", "association_id")):
        op.create_table(
            table,
            sa.Column(key, sa.Text, nullable=False),
            sa.Column("executor_id", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
            sa.ForeignKeyConstraint(
                ["executor_id"],
                ["executors.executor_id"],
                name=f"fk_{table}_executor_id",
                ondelete="CASCADE",
            ),
        )
        op.create_index(f"ix_{table}_executor_id", table, ["executor_id"])

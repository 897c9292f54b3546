"""Deliveries may demand storage commitment, which is asked for in transactions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """What was delivered so far demands none."""
    wanted = sa.Column("commitment_open", sa.Integer, nullable=False, server_default="0")
    op.add_column("deliveries", wanted)
    op.add_column("deliveries", sa.Column("transaction_uid", sa.Text))
    op.create_index(
        "ix_deliveries_uncommitted",
        "deliveries",
        ["destination", "job_id"],
        sqlite_where=sa.text("commitment_open = 1"),
        postgresql_where=sa.text("commitment_open = 1"),
    )
    op.create_table(
        "commitments",
        sa.Column("transaction_uid", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.String(27), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("asked_at", sa.String(27)),
        sa.Column("reported_at", sa.String(27)),
        sa.Column("overdue_at", sa.String(27)),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("transaction_uid", name="pk_commitments"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.job_id"], name="fk_commitments_job_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_commitments_job_id", "commitments", ["job_id"])
    op.create_index(
        "ix_commitments_open",
        "commitments",
        ["destination", "next_attempt_at"],
        sqlite_where=sa.text("reported_at IS NULL"),
        postgresql_where=sa.text("reported_at IS NULL"),
    )

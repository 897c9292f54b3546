"""Jobs get a priority, a gate, a predecessor, and remember from where they are held."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Jobs that are there have no predecessor, priority 0 and no gate."""
    op.add_column("jobs", sa.Column("priority", sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("gate", sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("predecessor", sa.Text))
    op.add_column("jobs", sa.Column("held_from", sa.Text))
    op.drop_index("ix_jobs_state_number", "jobs")
    op.create_index("ix_jobs_claim_order", "jobs", ["state", sa.text("priority DESC"), "number"])

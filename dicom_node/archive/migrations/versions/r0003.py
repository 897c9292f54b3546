"""Destinations get a row each: whether they answer, and when they are probed next."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Every destination begins in good health."""
    op.create_table(
        "destinations",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.String(27)),
        sa.Column("next_probe_at", sa.String(27)),
        sa.Column("last_error", sa.Text),
        sa.PrimaryKeyConstraint("name", name="pk_destinations"),
    )

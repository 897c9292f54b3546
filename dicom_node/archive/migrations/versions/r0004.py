"""Jobs remember when the files of their results were removed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing was removed so far."""
    op.add_column("jobs", sa.Column("results_removed_at", sa.String(27)))

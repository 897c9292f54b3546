"""The tables of version 0.1.0; a database that has them is only marked, a new one is made whole."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Nothing: where Alembic begins, these tables are there."""

"""How an older database becomes one of this version: Alembic revisions, one after the other."""

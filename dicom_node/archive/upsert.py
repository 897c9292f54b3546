"""Inserts that say what to do where the row is there already, in the words of each database."""

from typing import TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert: TypeAlias = postgresql.Insert | sqlite.Insert


def insert_on(connection: Connection, table: Table) -> Insert:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`.

    Its result tells by `rowcount` whether there was no row.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # SQLAlchemy forgets the count of an INSERT, and for a key that is asked back, too (inline).
    return insert(table).inline().execution_options(preserve_rowcount=True)

"""Rows of instances written to SQLite without SQLAlchemy in between, once for every instance."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator

from dicom_node.archive.database import Database
from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.rows import values_of
from dicom_node.archive.tables import instances


class PlainInsert:
    """The insert of `InstanceIndex.add_all`, as text and values for the driver.

    Statement and conversions are SQLAlchemy's own, made from the table; only its execution is not.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        kinds = {one.name: one.type for one in instances.c if one.name != "sequence"}
        self._binds = tuple(
            (name, kind.process_bind_param if isinstance(kind, TypeDecorator) else None)
            for name, kind in kinds.items()
        )
        statement = sqlite.insert(instances).on_conflict_do_nothing(
            index_elements=["sop_instance_uid"]
        )
        compiled = statement.compile(dialect=database.dialect, column_keys=list(kinds))
        self._text = str(compiled)

    def add_new(self, entries: Sequence[IndexEntry]) -> bool:
        """Add all of them in one transaction, durable when it returns.

        Returns
        -------
        bool
            False where one of them was known: then nothing was added.

        Raises
        ------
        ArchiveError
            Where the database fails; nothing was added.
        """
        try:
            with self._database.writing_plainly() as connection:
                self._add(connection, entries)
        except _Known:
            return False
        return True

    @contextmanager
    def adding(self, entries: Sequence[IndexEntry]) -> Iterator[Sequence[bool]]:
        """In a transaction that ends with the block and is not synced: whether each one was new.

        A row of the same file is replaced, as a new arrival: who adds an entry has seen that its
        file is not there.

        Raises
        ------
        ArchiveError
            Where the database fails, also at the end of the block; nothing was added.
        """
        with self._database.writing_plainly(synced=False) as connection:
            yield [self._added(connection, entry) for entry in entries]

    def _added(self, connection: sqlite3.Connection, entry: IndexEntry) -> bool:
        values = self._values(entry)
        if connection.execute(self._text, values).rowcount == 1:
            return True
        gone = "DELETE FROM instances WHERE sop_instance_uid = ? AND path = ?"
        if connection.execute(gone, (entry.sop_instance_uid, entry.path)).rowcount == 0:
            return False
        return connection.execute(self._text, values).rowcount == 1

    def _add(self, connection: sqlite3.Connection, entries: Sequence[IndexEntry]) -> None:
        for entry in entries:
            if connection.execute(self._text, self._values(entry)).rowcount != 1:
                raise _Known

    def _values(self, entry: IndexEntry) -> tuple[object, ...]:
        values, dialect = values_of(entry), self._database.dialect
        return tuple(
            values[name] if bind is None else bind(values[name], dialect)
            for name, bind in self._binds
        )


class _Known(Exception):
    """An entry is there already; ends the transaction."""

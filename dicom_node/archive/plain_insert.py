"""Rows of instances written to SQLite without SQLAlchemy in between, once for every instance."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeDecorator

from dicom_node.archive.database import Database
from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.rows import ENTRY_COLUMNS, row_of
from dicom_node.archive.tables import instances

_MOST_VARIABLES = 999  # of a statement of SQLite's oldest limit


class PlainInsert:
    """The insert of `InstanceIndex.add_all`, as text and values for the driver.

    Statement and conversions are SQLAlchemy's own, made from the table; only its execution is not.
    Several rows are one statement: each call of the driver gives the interpreter to other threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        kinds = [instances.c[name].type for name in ENTRY_COLUMNS]
        self._binds = tuple(
            kind.process_bind_param if isinstance(kind, TypeDecorator) else None for kind in kinds
        )
        self._texts: dict[int, str] = {}  # by the number of rows
        self._most_rows = _MOST_VARIABLES // len(kinds)

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
                for start in range(0, len(entries), self._most_rows):
                    if not self._insert(connection, entries[start : start + self._most_rows]):
                        raise _Known
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
            if len(entries) <= self._most_rows and self._insert(connection, entries):
                yield [True] * len(entries)
                return
            connection.execute("ROLLBACK")  # of those that were new
            connection.execute("BEGIN IMMEDIATE")
            yield [self._added(connection, entry) for entry in entries]

    def _added(self, connection: sqlite3.Connection, entry: IndexEntry) -> bool:
        if self._insert(connection, (entry,)):
            return True
        gone = "DELETE FROM instances WHERE sop_instance_uid = ? AND path = ?"
        if connection.execute(gone, (entry.sop_instance_uid, entry.path)).rowcount == 0:
            return False
        return self._insert(connection, (entry,))

    def _insert(self, connection: sqlite3.Connection, entries: Sequence[IndexEntry]) -> bool:
        """Whether all of them were new; those that were are added, the others are not."""
        values, dialect = list[object](), self._database.dialect
        for entry in entries:
            values += [
                value if bind is None else bind(value, dialect)
                for value, bind in zip(row_of(entry), self._binds, strict=True)
            ]
        count = len(entries)
        return connection.execute(self._text(count), values).rowcount == count

    def _text(self, rows: int) -> str:
        """The statement for so many rows."""
        text = self._texts.get(rows)
        if text is None:
            wanted = [dict.fromkeys(ENTRY_COLUMNS)] * rows
            statement = sqlite.insert(instances).values(wanted)
            statement = statement.on_conflict_do_nothing(index_elements=["sop_instance_uid"])
            compiled = statement.compile(dialect=self._database.dialect)
            text = self._texts[rows] = str(compiled)
        return text


class _Known(Exception):
    """An entry is there already; ends the transaction."""

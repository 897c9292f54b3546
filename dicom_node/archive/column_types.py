"""Types of columns that mean the same in every database."""

from datetime import UTC, datetime

from sqlalchemy import BigInteger, Dialect, Integer, String, Text, TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware time as ``2026-01-02T03:04:05.000006Z``: readable, and sorted as text."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Text of an aware time; a naive one is the caller's mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value.isoformat()} has no time zone")
        # Without its offset, which for UTC are the last six characters.
        return value.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Aware time in UTC."""
        return None if value is None else datetime.fromisoformat(value)


class PlainText(TypeDecorator[str]):
    """Text that every database takes: a NUL or half a character is written out in ASCII."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What came from a header or an error may hold anything (PostgreSQL takes no NUL)."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


# SQLite numbers its rows by themselves only in a column of the type INTEGER.
BigNumber = BigInteger().with_variant(Integer(), "sqlite")

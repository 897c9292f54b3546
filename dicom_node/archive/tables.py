"""The tables, as SQLAlchemy Core; every time is UTC text of fixed width, so that it sorts."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

# Names by rule, so that a later migration can address every index and constraint.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


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
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Aware time in UTC."""
        return None if value is None else datetime.fromisoformat(value)


def _required(name: str, kind: type[Text | Integer | JSON] | UtcTime) -> Column[object]:
    return Column(name, kind, nullable=False)


def _received() -> tuple[Column[object], ...]:
    """Columns that tell where a file lies and how it came."""
    return (
        Column("path", Text, nullable=False, unique=True),  # relative to the archive's folder
        _required("size", Integer),
        _required("digest", Text),
        _required("transfer_syntax_uid", Text),
        _required("received_at", UtcTime()),
        _required("calling_ae", Text),
        _required("called_ae", Text),
        _required("peer_address", Text),
        _required("association_id", Text),
    )


# `sequence` only ever grows, also after removals (AUTOINCREMENT), and SQLite has one writer at a
# time, so it grows in the order of commits: who has seen n misses nothing by asking for > n.
instances = Table(
    "instances",
    metadata,
    Column("sequence", Integer, primary_key=True),
    Column("sop_instance_uid", Text, nullable=False, unique=True),
    _required("sop_class_uid", Text),
    _required("study_instance_uid", Text),
    _required("series_instance_uid", Text),
    *_received(),
    Index(None, "study_instance_uid", "series_instance_uid"),
    sqlite_autoincrement=True,
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", Text, nullable=False, index=True),  # "conflict" or "unreadable"
    _required("message", Text),
    _required("sop_class_uid", Text),
    _required("sop_instance_uid", Text),
    Column("study_instance_uid", Text),
    Column("series_instance_uid", Text),
    *_received(),
)

series_status = Table(
    "series_status",
    metadata,
    Column("study_instance_uid", Text, primary_key=True),
    Column("series_instance_uid", Text, primary_key=True),
    _required("state", Text),
    _required("reasons", JSON),  # [{"code", "message"}]
    _required("digest", Text),
    Column("updated_at", UtcTime(), nullable=False, index=True),
)

removed = Table(
    "removed",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("study_instance_uid", Text),
    _required("series_instance_uid", Text),
    _required("instances", Integer),
    _required("size", Integer),
    _required("first_received_at", UtcTime()),
    _required("last_received_at", UtcTime()),
    Column("removed_at", UtcTime(), nullable=False, index=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),  # order of creation
    Column("job_id", Text, nullable=False, unique=True),
    Column("result_id", Text, nullable=False, index=True),
    _required("route", Text),
    _required("algorithm", Text),
    _required("version", Text),
    _required("state", Text),
    Column("reason", Text),
    _required("destinations", JSON),  # [name]
    _required("measurements", JSON),  # [fields of MeasurementRow]
    _required("classifications", JSON),  # [fields of ClassificationRow]
    _required("warnings", JSON),  # [text]
    _required("details", JSON),  # {name: text}
    _required("created_at", UtcTime()),
    _required("updated_at", UtcTime()),
    Column("not_before", UtcTime()),
    _required("attempts", Integer),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("gate", Integer, nullable=False, server_default="0"),  # 1: results are held
    Column("predecessor", Text),  # job id
    Column("held_from", Text),  # state
    Column("results_removed_at", UtcTime()),
    Index("ix_jobs_claim_order", "state", text("priority DESC"), "number"),
    sqlite_autoincrement=True,
)


def _job_id(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    key = ForeignKey("jobs.job_id", ondelete="CASCADE")
    return Column("job_id", Text, key, nullable=False, primary_key=primary_key, index=index)


job_inputs = Table(
    "job_inputs",
    metadata,
    _job_id(primary_key=True),
    Column("position", Integer, primary_key=True),  # the primary input is 0
    _required("role", Text),
    _required("study_instance_uid", Text),
    _required("series_instance_uid", Text),
    _required("instances", JSON),  # [[sop_class_uid, sop_instance_uid, path]]
    Index(None, "study_instance_uid", "series_instance_uid"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", Integer, primary_key=True),
    _job_id(index=True),
    _required("at", UtcTime()),
    Column("old_state", Text),
    _required("new_state", Text),
    Column("reason", Text),
)

job_objects = Table(
    "job_objects",
    metadata,
    _job_id(primary_key=True),
    Column("position", Integer, primary_key=True),
    _required("path", Text),
    _required("sop_class_uid", Text),
    _required("sop_instance_uid", Text),
    _required("modality", Text),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Integer, primary_key=True),
    _job_id(),
    _required("destination", Text),
    _required("path", Text),
    _required("sop_class_uid", Text),
    _required("sop_instance_uid", Text),
    _required("state", Text),
    _required("attempts", Integer),
    _required("next_attempt_at", UtcTime()),
    Column("last_error", Text),
    _required("updated_at", UtcTime()),
    # 1: the destination is to commit it, and has not yet
    Column("commitment_open", Integer, nullable=False, server_default="0"),
    Column("transaction_uid", Text),
    Index(
        "ix_deliveries_uncommitted",
        "destination",
        "job_id",
        sqlite_where=text("commitment_open = 1"),
    ),
    UniqueConstraint("job_id", "destination", "sop_instance_uid"),
    Index(None, "state", "destination", "next_attempt_at"),
    sqlite_autoincrement=True,
)

destinations = Table(
    "destinations",
    metadata,
    Column("name", Text, primary_key=True),
    _required("failures", Integer),
    Column("opened_at", UtcTime()),
    Column("next_probe_at", UtcTime()),
    Column("last_error", Text),
)

commitments = Table(
    "commitments",
    metadata,
    Column("transaction_uid", Text, primary_key=True),
    _job_id(index=True),
    _required("destination", Text),
    _required("attempt", Integer),
    _required("next_attempt_at", UtcTime()),
    _required("tries", Integer),
    Column("asked_at", UtcTime()),  # when the destination took the request
    Column("reported_at", UtcTime()),
    Column("overdue_at", UtcTime()),
    Column("last_error", Text),
    Index(
        "ix_commitments_open",
        "destination",
        "next_attempt_at",
        sqlite_where=text("reported_at IS NULL"),
    ),
)

"""The tables, as SQLAlchemy Core; every time is UTC text of fixed width, so that it sorts."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from dicom_node.archive.column_types import BigNumber, PlainText, UtcTime

# Names by rule, so that a later migration can address every index and constraint.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _required(
    name: str, kind: type[Integer | JSON | PlainText] | UtcTime | BigInteger
) -> Column[object]:
    return Column(name, kind, nullable=False)


def _received() -> tuple[Column[object], ...]:
    """Columns that tell where a file lies and how it came."""
    return (
        Column("path", PlainText, nullable=False, unique=True),  # relative to the archive's folder
        _required("size", BigNumber),
        _required("digest", PlainText),
        _required("transfer_syntax_uid", PlainText),
        _required("received_at", UtcTime()),
        _required("calling_ae", PlainText),
        _required("called_ae", PlainText),
        _required("peer_address", PlainText),
        _required("association_id", PlainText),
    )


# `sequence` only ever grows, also after removals (AUTOINCREMENT), and there is one writer at a
# time, so it grows in the order of commits: who has seen n misses nothing by asking for > n.
instances = Table(
    "instances",
    metadata,
    Column("sequence", BigNumber, primary_key=True),
    Column("sop_instance_uid", PlainText, nullable=False, unique=True),
    _required("sop_class_uid", PlainText),
    _required("study_instance_uid", PlainText),
    _required("series_instance_uid", PlainText),
    *_received(),
    Index(None, "study_instance_uid", "series_instance_uid"),
    sqlite_autoincrement=True,
)

set_aside = Table(
    "set_aside",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", PlainText, nullable=False, index=True),  # "conflict" or "unreadable"
    _required("message", PlainText),
    _required("sop_class_uid", PlainText),
    _required("sop_instance_uid", PlainText),
    Column("study_instance_uid", PlainText),
    Column("series_instance_uid", PlainText),
    *_received(),
)

series_status = Table(
    "series_status",
    metadata,
    Column("study_instance_uid", PlainText, primary_key=True),
    Column("series_instance_uid", PlainText, primary_key=True),
    _required("state", PlainText),
    _required("reasons", JSON),  # [{"code", "message"}]
    _required("digest", PlainText),
    Column("updated_at", UtcTime(), nullable=False, index=True),
    Column("patient_digest", PlainText, index=True),  # `domain.series.Series.patient_digest`
    Column("modality", PlainText),
)

removed = Table(
    "removed",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("study_instance_uid", PlainText),
    _required("series_instance_uid", PlainText),
    _required("instances", Integer),
    _required("size", BigNumber),
    _required("first_received_at", UtcTime()),
    _required("last_received_at", UtcTime()),
    Column("removed_at", UtcTime(), nullable=False, index=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),  # order of creation
    Column("job_id", PlainText, nullable=False, unique=True),
    Column("result_id", PlainText, nullable=False, index=True),
    _required("route", PlainText),
    _required("algorithm", PlainText),
    _required("version", PlainText),
    _required("state", PlainText),
    Column("reason", PlainText),
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
    Column("predecessor", PlainText),  # job id
    Column("held_from", PlainText),  # state
    Column("results_removed_at", UtcTime()),
    Column("executor_id", PlainText),  # who runs it, or ran it last
    Index("ix_jobs_claim_order", "state", text("priority DESC"), "number"),
    sqlite_autoincrement=True,
)


def _job_id(*, primary_key: bool = False, index: bool = False) -> Column[str]:
    key = ForeignKey("jobs.job_id", ondelete="CASCADE")
    return Column("job_id", PlainText, key, nullable=False, primary_key=primary_key, index=index)


job_inputs = Table(
    "job_inputs",
    metadata,
    _job_id(primary_key=True),
    Column("position", Integer, primary_key=True),  # the primary input is 0
    _required("role", PlainText),
    _required("study_instance_uid", PlainText),
    _required("series_instance_uid", PlainText),
    _required("instances", JSON),  # [[sop_class_uid, sop_instance_uid, path]]
    Index(None, "study_instance_uid", "series_instance_uid"),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", Integer, primary_key=True),
    _job_id(index=True),
    _required("at", UtcTime()),
    Column("old_state", PlainText),
    _required("new_state", PlainText),
    Column("reason", PlainText),
)

job_objects = Table(
    "job_objects",
    metadata,
    _job_id(primary_key=True),
    Column("position", Integer, primary_key=True),
    _required("path", PlainText),
    _required("sop_class_uid", PlainText),
    _required("sop_instance_uid", PlainText),
    _required("modality", PlainText),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", Integer, primary_key=True),
    _job_id(),
    _required("destination", PlainText),
    _required("path", PlainText),
    _required("sop_class_uid", PlainText),
    _required("sop_instance_uid", PlainText),
    _required("state", PlainText),
    _required("attempts", Integer),
    _required("next_attempt_at", UtcTime()),
    Column("last_error", PlainText),
    _required("updated_at", UtcTime()),
    # 1: the destination is to commit it, and has not yet
    Column("commitment_open", Integer, nullable=False, server_default="0"),
    Column("transaction_uid", PlainText),
    Index(
        "ix_deliveries_uncommitted",
        "destination",
        "job_id",
        sqlite_where=text("commitment_open = 1"),
        postgresql_where=text("commitment_open = 1"),
    ),
    UniqueConstraint("job_id", "destination", "sop_instance_uid"),
    Index(None, "state", "destination", "next_attempt_at"),
    sqlite_autoincrement=True,
)

destinations = Table(
    "destinations",
    metadata,
    Column("name", PlainText, primary_key=True),
    _required("failures", Integer),
    Column("opened_at", UtcTime()),
    Column("next_probe_at", UtcTime()),
    Column("last_error", PlainText),
)

commitments = Table(
    "commitments",
    metadata,
    Column("transaction_uid", PlainText, primary_key=True),
    _job_id(index=True),
    _required("destination", PlainText),
    _required("attempt", Integer),
    _required("next_attempt_at", UtcTime()),
    _required("tries", Integer),
    Column("asked_at", UtcTime()),  # when the destination took the request
    Column("reported_at", UtcTime()),
    Column("overdue_at", UtcTime()),
    Column("last_error", PlainText),
    Index(
        "ix_commitments_open",
        "destination",
        "next_attempt_at",
        sqlite_where=text("reported_at IS NULL"),
        postgresql_where=text("reported_at IS NULL"),
    ),
)

# A process that takes part. It is dead when `beat` does not grow any more, by the clock of whoever
# looks: clocks of several hosts need not agree. What it held goes with its row.
executors = Table(
    "executors",
    metadata,
    Column("executor_id", PlainText, primary_key=True),
    _required("role", PlainText),
    _required("beat", Integer),
    _required("started_at", UtcTime()),
    _required("beat_at", UtcTime()),  # for people
)


def _executor_id() -> Column[str]:
    key = ForeignKey("executors.executor_id", ondelete="CASCADE")
    return Column("executor_id", PlainText, key, nullable=False, index=True)


# What only one process may do at a time: to assemble, to sweep, to send to a destination.
leases = Table("leases", metadata, Column("name", PlainText, primary_key=True), _executor_id())

open_associations = Table(
    "open_associations",
    metadata,
    Column("association_id", PlainText, primary_key=True),
    _executor_id(),
)

# What other archives say of series that are here, and which of them this node had them send.
remote_series = Table(
    "remote_series",
    metadata,
    Column("study_instance_uid", PlainText, primary_key=True),
    Column("series_instance_uid", PlainText, primary_key=True),
    _required("archive", PlainText),
    _required("calling_ae", PlainText),  # under which the archive sends
    Column("instances", Integer),  # as the archive counts them
    Column("count_due_at", UtcTime()),  # when it is to be asked for their number
    Column("count_tries", Integer, nullable=False, server_default="0"),
    Column("fetched_at", UtcTime()),  # when it was first asked to send it
    Column("fetched_until", UtcTime()),  # what it sends later it sends by itself
    Column("sent_at", UtcTime()),  # when somebody sent it who was not asked
    Column("looked_at", Integer, nullable=False, server_default="0"),  # 1: after that, too
)

fetches = Table(
    "fetches",
    metadata,
    Column("fetch_id", Integer, primary_key=True),
    _job_id(),
    _required("role", PlainText),
    _required("archive", PlainText),
    _required("state", PlainText),
    _required("candidates", JSON),  # [[study, series, modality, instances]]
    _required("position", Integer),
    _required("attempts", Integer),
    _required("next_attempt_at", UtcTime()),
    _required("created_at", UtcTime()),
    Column("asked_at", UtcTime()),
    _required("told", PlainText),
    UniqueConstraint("job_id", "role", "archive"),
    Index(None, "archive", "state", "next_attempt_at"),
    sqlite_autoincrement=True,
)

"""The tables and keys that the configuration files may have, each with its default and bounds."""

import re
from datetime import time
from typing import Annotated, Self

from pydantic import (
    BeforeValidator,
    Field,
    model_validator,
)

from dicom_node.domain.forms import ExtraForm, PageForm, SegForm, SrClass, SrForm, SrTracking
from dicom_node.domain.peer import ConflictAnswer
from dicom_node.domain.route import ContourUse, IfMissing, PriorPick, TimeWindow
from dicom_node.domain.series import ExamKind
from dicom_node.settings_audit import AuditTable
from dicom_node.settings_types import (
    AeTitle,
    Name,
    Networks,
    Seconds,
    Strict,
    Text,
    as_tuple,
)
from dicom_node.settings_web import DestinationKind, PeerTable, WebTable

_WINDOW = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)", re.ASCII)


_DATABASE = re.compile(r"postgresql://\S*/[^\s/?]+(\?\S*)?")


def _as_exams(value: object) -> object:
    several = as_tuple(value)
    known = {str(kind): kind for kind in ExamKind}
    if not isinstance(several, tuple) or any(one not in known for one in several):
        raise ValueError(f"one or more of {sorted(known)}")
    return tuple(known[one] for one in several)


def _as_window(value: object) -> object:
    found = _WINDOW.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('two times of the day, as "20:00-06:00"')
    return TimeWindow(start=time.fromisoformat(found[1]), end=time.fromisoformat(found[2]))


def _as_database(value: object) -> object:
    if not isinstance(value, str) or not _DATABASE.fullmatch(value):
        raise ValueError('as "postgresql://user@host/database"; none for SQLite in the folder')
    return value


DatabaseUrl = Annotated[str, BeforeValidator(_as_database)]
Window = Annotated[TimeWindow, BeforeValidator(_as_window)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(as_tuple)]
Exams = Annotated[tuple[ExamKind, ...], BeforeValidator(_as_exams)]


class CallerTable(Strict):
    """`[[listener.callers]]` of node.toml."""

    ae_title: AeTitle
    addresses: Networks = ()
    certificate_name: Text | None = None
    max_associations: Annotated[int, Field(ge=1, le=1000)] | None = None


class ListenerTable(Strict):
    """`[listener]` of node.toml."""

    ae_title: AeTitle = "DICOM_NODE"
    address: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 11112
    max_associations: Annotated[int, Field(ge=1, le=1000)] = 20
    idle_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    further_ae_titles: Annotated[tuple[AeTitle, ...], BeforeValidator(as_tuple)] = ()
    callers: tuple[CallerTable, ...] = ()
    tls: bool = False
    conflict: ConflictAnswer = ConflictAnswer.SUCCESS
    fast_path: bool = True


class TlsTable(Strict):
    """`[tls]` of node.toml."""

    certificate: Text
    private_key: Text
    trusted: Text
    password_file: Text | None = None


class StorageTable(Strict):
    """`[storage]` of node.toml."""

    folder: Text = "../var"
    retention_days: Annotated[float, Field(gt=0)] = 14.0
    results_retention_days: Annotated[float, Field(gt=0)] = 14.0
    refuse_below_free_mib: Annotated[int, Field(ge=0)] = 1024
    database: DatabaseUrl | None = None
    journal: bool = True


class AssemblyTable(Strict):
    """`[assembly]` of node.toml."""

    settle_s: Seconds = 1.0
    quiet_s: Seconds = 60.0
    tick_s: Annotated[float, Field(ge=0.05, le=10)] = 0.5


class DeliveryTable(Strict):
    """`[delivery]` of node.toml."""

    open_after: Annotated[int, Field(ge=1, le=100)] = 3
    first_retry_s: Annotated[float, Field(gt=0)] = 5.0
    longest_retry_s: Annotated[float, Field(gt=0)] = 600.0


class JobsTable(Strict):
    """`[jobs]` of node.toml."""

    most_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    first_retry_s: Seconds = 30.0
    longest_retry_s: Seconds = 600.0


class WorkerTable(Strict):
    """`[worker]` of node.toml."""

    threads: Annotated[int, Field(ge=0, le=1024)] = 0
    gpus: tuple[Annotated[int, Field(ge=0)], ...] = ()


class ExecutorsTable(Strict):
    """`[executors]` of node.toml."""

    beat_s: Annotated[float, Field(ge=0.05, le=60)] = 5.0
    dead_after_s: Annotated[float, Field(ge=0.5, le=3600)] = 60.0

    @model_validator(mode="after")
    def _room_for_some_beats(self) -> Self:
        if self.dead_after_s < 4 * self.beat_s:
            raise ValueError(f"dead_after_s of at least {4 * self.beat_s:g}: four times beat_s")
        return self


class EquipmentTable(Strict):
    """`[equipment]` of node.toml."""

    device_serial_number: Annotated[str, Field(min_length=1, max_length=64)] = (
        "unnamed-installation"
    )


class NodeFile(Strict):
    """node.toml."""

    listener: ListenerTable = ListenerTable()
    storage: StorageTable = StorageTable()
    assembly: AssemblyTable = AssemblyTable()
    jobs: JobsTable = JobsTable()
    delivery: DeliveryTable = DeliveryTable()
    worker: WorkerTable = WorkerTable()
    executors: ExecutorsTable = ExecutorsTable()
    equipment: EquipmentTable = EquipmentTable()
    tls: TlsTable | None = None
    audit: AuditTable = AuditTable()
    web: WebTable | None = None


class DestinationTable(PeerTable):
    """One of `[[destinations]]`."""

    kind: DestinationKind = DestinationKind.DIMSE
    commitment: bool = False
    commitment_overdue_h: Annotated[float, Field(gt=0)] = 24.0
    sr_forms: Annotated[tuple[SrForm, ...], Field(min_length=1)] = (SrForm.REPORT,)
    sr_tracking: SrTracking = SrTracking.PLAIN
    sr_class: SrClass = SrClass.COMPREHENSIVE_3D
    seg_form: SegForm = SegForm.BINARY
    seg_frame_limit: Annotated[int, Field(ge=1)] | None = None
    seg_overlap: bool = True
    page_form: PageForm = PageForm.SINGLE
    extra_forms: tuple[ExtraForm, ...] = ()


class DestinationsFile(Strict):
    """destinations.toml."""

    destinations: tuple[DestinationTable, ...] = ()


class ConditionTable(Strict):
    """`when` of a route."""

    modality: Texts = ()
    tracer: Texts = ()
    exam: Exams = ()
    phase: Texts = ()
    image_type: Texts = ()
    unit: Texts = ()
    body_part: Texts = ()
    manufacturer_contains: Texts = ()
    station_name: Texts = ()
    description_contains: Texts = ()
    called_ae: Texts = ()
    calling_ae: Texts = ()
    attenuation_corrected: bool | None = None
    original: bool | None = None
    min_slices: Annotated[int, Field(ge=1)] | None = None
    max_slices: Annotated[int, Field(ge=1)] | None = None


class PriorTable(Strict):
    """`prior` of a companion."""

    same_tracer: bool = True
    from_days: Annotated[float, Field(ge=0)] = 1.0
    within_days: Annotated[float, Field(gt=0)] = 366.0
    most_studies: Annotated[int, Field(ge=1, le=20)] = 3
    pick: PriorPick = PriorPick.NEWEST

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.from_days >= self.within_days:
            raise ValueError(f"from_days below within_days, which is {self.within_days:g}")
        return self


class CompanionTable(Strict):
    """One of `companions` of a route."""

    modality: Text
    same_frame_of_reference: bool = True
    if_missing: IfMissing = IfMissing.RUN
    wait_s: Seconds = 60.0
    phase: Annotated[str, Field(pattern="^(rest|stress)$")] | None = None
    fetch: Annotated[tuple[Name, ...], BeforeValidator(as_tuple)] = ()
    fetch_after_s: Seconds = 10.0
    prior: PriorTable | None = None


class RouteTable(Strict):
    """One of `[[routes]]`."""

    name: Name
    algorithm: Name
    destinations: tuple[Name, ...]
    when: ConditionTable
    companions: dict[Name, CompanionTable] = Field(default_factory=dict)
    fallback: bool = False
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    window: Window | None = None
    gate: bool = False
    shadow_destinations: tuple[Name, ...] = ()
    contours: ContourUse = ContourUse.IGNORED
    options: dict[Name, Text] = Field(default_factory=dict)


class RoutesFile(Strict):
    """routes.toml."""

    routes: tuple[RouteTable, ...] = ()

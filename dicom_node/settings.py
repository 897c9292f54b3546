"""The configuration, read once from a folder of TOML files, frozen, and strict about every key."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.forms import ResultForms, SrForm, SrTracking
from dicom_node.domain.peer import Destination, Listener
from dicom_node.domain.route import CompanionRule, Condition, Route
from dicom_node.domain.rules import AssemblyRules, RetryRules
from dicom_node.domain.series import ExamKind

NODE_FILE, DESTINATIONS_FILE, ROUTES_FILE = "node.toml", "destinations.toml", "routes.toml"
TRACERS_FILE = "tracers.toml"

Model = TypeVar("Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


AeTitle = Annotated[
    str, Field(min_length=1, max_length=16, pattern=r"^[^\\\x00-\x1f]*\S[^\\\x00-\x1f]*$")
]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Text = Annotated[str, Field(min_length=1)]


def _as_tuple(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _as_exams(value: object) -> object:
    several = _as_tuple(value)
    known = {str(kind): kind for kind in ExamKind}
    if not isinstance(several, tuple) or any(one not in known for one in several):
        raise ValueError(f"one or more of {sorted(known)}")
    return tuple(known[one] for one in several)


Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple)]
Exams = Annotated[tuple[ExamKind, ...], BeforeValidator(_as_exams)]


class _ListenerTable(_Strict):
    ae_title: AeTitle = "DICOM_NODE"
    address: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 11112
    max_associations: Annotated[int, Field(ge=1, le=1000)] = 20
    idle_timeout_s: Annotated[float, Field(gt=0)] = 60.0


class _StorageTable(_Strict):
    folder: Text = "../var"
    retention_days: Annotated[float, Field(gt=0)] = 14.0


class _AssemblyTable(_Strict):
    settle_s: Seconds = 1.0
    quiet_s: Seconds = 60.0
    tick_s: Annotated[float, Field(ge=0.05, le=10)] = 0.5


class _DeliveryTable(_Strict):
    first_retry_s: Annotated[float, Field(gt=0)] = 5.0
    longest_retry_s: Annotated[float, Field(gt=0)] = 600.0


class _EquipmentTable(_Strict):
    device_serial_number: Annotated[str, Field(min_length=1, max_length=64)] = (
        "unnamed-installation"
    )


class _NodeFile(_Strict):
    listener: _ListenerTable = _ListenerTable()
    storage: _StorageTable = _StorageTable()
    assembly: _AssemblyTable = _AssemblyTable()
    delivery: _DeliveryTable = _DeliveryTable()
    equipment: _EquipmentTable = _EquipmentTable()


class _DestinationTable(_Strict):
    name: Name
    ae_title: AeTitle
    host: Text
    port: Port
    calling_ae_title: AeTitle | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    sr_forms: Annotated[tuple[SrForm, ...], Field(min_length=1)] = (SrForm.REPORT,)
    sr_tracking: SrTracking = SrTracking.PLAIN
    seg_frame_limit: Annotated[int, Field(ge=1)] | None = None
    seg_overlap: bool = True


class _DestinationsFile(_Strict):
    destinations: tuple[_DestinationTable, ...] = ()


class _ConditionTable(_Strict):
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


class _CompanionTable(_Strict):
    modality: Text
    same_frame_of_reference: bool = True
    required: bool = False
    wait_s: Seconds = 60.0


class _RouteTable(_Strict):
    name: Name
    algorithm: Name
    destinations: tuple[Name, ...]
    when: _ConditionTable
    companions: dict[Name, _CompanionTable] = {}
    fallback: bool = False


class _RoutesFile(_Strict):
    routes: tuple[_RouteTable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is configured.

    Parameters
    ----------
    folder : Path
        The configuration folder.
    storage_folder : Path
        Where instances, results and the database lie.
    retention_days : float
        How long instances are kept that no unfinished job needs.
    device_serial_number : str
        Id of this installation, written into every result.
    """

    folder: Path
    listener: Listener
    storage_folder: Path
    retention_days: float
    assembly: AssemblyRules
    delivery: RetryRules
    device_serial_number: str
    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]

    @property
    def tracers_file(self) -> Path:
        """Site rules that name tracers; may be absent."""
        return self.folder / TRACERS_FILE


def read_settings(folder: Path) -> Settings:
    """Settings of a configuration folder.

    Parameters
    ----------
    folder : Path
        Holds node.toml, destinations.toml and routes.toml; an absent file means its defaults, an
        absent folder is an error.

    Raises
    ------
    ConfigError
        Names file, key, value and what is allowed.
    """
    if not folder.is_dir():
        raise ConfigError(
            file=str(folder), key="folder", value="absent", allowed="a folder of TOML files"
        )
    node = _read(folder / NODE_FILE, _NodeFile)
    destinations = _read(folder / DESTINATIONS_FILE, _DestinationsFile)
    routes = _read(folder / ROUTES_FILE, _RoutesFile)
    named = {table.name: _destination(table, node) for table in destinations.destinations}
    _refuse_repeats(folder / DESTINATIONS_FILE, [d.name for d in destinations.destinations])
    _refuse_repeats(folder / ROUTES_FILE, [route.name for route in routes.routes])
    for route in routes.routes:
        _refuse_unknown_destinations(folder / ROUTES_FILE, route, known=sorted(named))
    return Settings(
        folder=folder,
        listener=Listener(**node.listener.model_dump()),
        storage_folder=(folder / node.storage.folder).resolve(),
        retention_days=node.storage.retention_days,
        assembly=AssemblyRules(**node.assembly.model_dump()),
        delivery=RetryRules(**node.delivery.model_dump()),
        device_serial_number=node.equipment.device_serial_number,
        destinations=named,
        routes=tuple(_route(table) for table in routes.routes),
    )


def _read(path: Path, model: type[Model]) -> Model:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigError(file=path.name, key="text", value=str(cause), allowed="TOML") from cause
    try:
        # By way of JSON: TOML's arrays then become tuples under strict rules, too.
        return model.model_validate_json(json.dumps(table, default=str))
    except ValidationError as cause:
        raise _named(path, model, cause) from cause


def _named(path: Path, model: type[BaseModel], cause: ValidationError) -> ConfigError:
    first = cause.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    if first["type"] == "extra_forbidden":
        value, allowed = "an unknown key", f"one of {_keys_beside(model, first['loc'])}"
    elif first["type"] == "missing":
        value, allowed = "absent", "a value; the key is required"
    else:
        value, allowed = first["input"], first["msg"].removeprefix("Value error, ")
    return ConfigError(file=path.name, key=key, value=value, allowed=allowed)


def _keys_beside(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Keys that the table at this place of the file may have."""
    for part in place[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            models = _models_in(model.model_fields[part].annotation)
            model = models[0] if models else model
    return sorted(model.model_fields)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _refuse_repeats(path: Path, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(file=path.name, key="name", value=name, allowed="each name once")


def _refuse_unknown_destinations(path: Path, route: _RouteTable, *, known: list[str]) -> None:
    for name in route.destinations:
        if name not in known:
            raise ConfigError(
                file=path.name,
                key=f"routes.{route.name}.destinations",
                value=name,
                allowed=f"one of {known} ({DESTINATIONS_FILE})",
            )


def _destination(table: _DestinationTable, node: _NodeFile) -> Destination:
    return Destination(
        name=table.name,
        ae_title=table.ae_title,
        host=table.host,
        port=table.port,
        calling_ae_title=table.calling_ae_title or node.listener.ae_title,
        timeout_s=table.timeout_s,
        forms=ResultForms(**table.model_dump(include={f.name for f in fields(ResultForms)})),
    )


def _route(table: _RouteTable) -> Route:
    return Route(
        name=table.name,
        algorithm=table.algorithm,
        destinations=table.destinations,
        when=Condition(**table.when.model_dump()),
        companions={
            role: CompanionRule(**rule.model_dump()) for role, rule in table.companions.items()
        },
        fallback=table.fallback,
    )

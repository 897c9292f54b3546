"""The configuration, read once from a folder of TOML files, frozen, and strict about every key."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from dicom_node.domain.audit import AuditRules, SyslogTransport
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.forms import ResultForms
from dicom_node.domain.peer import Caller, Destination, Listener, TlsFiles
from dicom_node.domain.query import RemoteArchive
from dicom_node.domain.route import CompanionRule, Condition, PriorRule, Route
from dicom_node.domain.rules import (
    AssemblyRules,
    DeliveryRules,
    LivenessRules,
    RetryRules,
    TryRules,
    WorkerRules,
)
from dicom_node.domain.web import WebListener
from dicom_node.settings_archives import ARCHIVES_FILE, ArchivesFile, remote_archive
from dicom_node.settings_audit import audit_rules
from dicom_node.settings_files import (
    CompanionTable,
    DeliveryTable,
    DestinationsFile,
    DestinationTable,
    JobsTable,
    ListenerTable,
    NodeFile,
    RoutesFile,
    RouteTable,
)
from dicom_node.settings_reading import read_file
from dicom_node.settings_web import DestinationKind, peer_address, web_listener

NODE_FILE, DESTINATIONS_FILE, ROUTES_FILE = "node.toml", "destinations.toml", "routes.toml"
TRACERS_FILE = "tracers.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is configured.

    Parameters
    ----------
    folder : Path
        The configuration folder.
    storage_folder : Path
        Where instances and results lie.
    database : str or None
        URL of PostgreSQL, which several processes and hosts may share; None: SQLite in the storage
        folder, for one process.
    retention_days : float
        How long instances are kept that no unfinished job needs.
    results_retention_days : float
        How long result files are kept after their delivery.
    refuse_below_free_mib : int
        Free disk space in MiB below which nothing new is received; 0 for no such limit.
    journal : bool
        Whether an instance is acknowledged when its record in the journal is on the disk.
    audit : AuditRules
        How the audit trail is kept and where it is sent.
    tls : TlsFiles or None
        By which the node proves who it is, whoever uses it.
    web : WebListener or None
        How instances are taken by STOW-RS; None: they are not.
    device_serial_number : str
        Id of this installation, written into every result.
    """

    folder: Path
    listener: Listener
    storage_folder: Path
    database: str | None
    retention_days: float
    results_retention_days: float
    refuse_below_free_mib: int
    journal: bool
    assembly: AssemblyRules
    delivery: DeliveryRules
    jobs: TryRules
    worker: WorkerRules
    executors: LivenessRules
    device_serial_number: str
    audit: AuditRules
    tls: TlsFiles | None
    web: WebListener | None
    destinations: Mapping[str, Destination]
    archives: Mapping[str, RemoteArchive]
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
    node = read_file(folder / NODE_FILE, NodeFile)
    destinations = read_file(folder / DESTINATIONS_FILE, DestinationsFile)
    routes = read_file(folder / ROUTES_FILE, RoutesFile)
    tls = _tls(node, folder)
    for table in destinations.destinations:
        if table.tls:
            _refuse_without_tls(tls, f"destinations.{table.name}.tls", DESTINATIONS_FILE)
    named = {
        table.name: _destination(table, node, tls, folder) for table in destinations.destinations
    }
    _refuse_repeats(folder / DESTINATIONS_FILE, [d.name for d in destinations.destinations])
    _refuse_repeats(folder / ROUTES_FILE, [route.name for route in routes.routes])
    archives = _archives(folder, node, tls)
    for route in routes.routes:
        _refuse_unknown_names(folder / ROUTES_FILE, route, sorted(named), sorted(archives))
    return Settings(
        folder=folder,
        listener=_listener(node.listener, tls),
        storage_folder=(folder / node.storage.folder).resolve(),
        database=node.storage.database,
        retention_days=node.storage.retention_days,
        results_retention_days=node.storage.results_retention_days,
        refuse_below_free_mib=node.storage.refuse_below_free_mib,
        journal=node.storage.journal,
        assembly=AssemblyRules(**node.assembly.model_dump()),
        delivery=_delivery_rules(node.delivery),
        jobs=_try_rules(node.jobs),
        worker=WorkerRules(**node.worker.model_dump()),
        executors=LivenessRules(**node.executors.model_dump()),
        device_serial_number=node.equipment.device_serial_number,
        audit=_audit(node, tls),
        tls=tls,
        web=_web(node, tls, folder),
        destinations=named,
        archives=archives,
        routes=tuple(_route(table) for table in routes.routes),
    )


def _archives(folder: Path, node: NodeFile, tls: TlsFiles | None) -> dict[str, RemoteArchive]:
    tables = read_file(folder / ARCHIVES_FILE, ArchivesFile).archives
    _refuse_repeats(folder / ARCHIVES_FILE, [table.name for table in tables])
    for table in tables:
        if table.tls:
            _refuse_without_tls(tls, f"archives.{table.name}.tls", ARCHIVES_FILE)
    ours = node.listener.ae_title
    return {
        table.name: remote_archive(table, ae_title=ours, tls=tls, folder=folder) for table in tables
    }


def _listener(table: ListenerTable, tls: TlsFiles | None) -> Listener:
    if table.tls:
        _refuse_without_tls(tls, "listener.tls", NODE_FILE)
    for number, caller in enumerate(table.callers):
        if caller.certificate_name is not None and not table.tls:
            raise ConfigError(
                file=NODE_FILE,
                key=f"listener.callers.{number}.certificate_name",
                value=caller.certificate_name,
                allowed="with listener.tls = true only",
            )
    callers = tuple(Caller(**caller.model_dump()) for caller in table.callers)
    return Listener(**table.model_dump() | {"callers": callers, "tls": tls if table.tls else None})


def _tls(node: NodeFile, folder: Path) -> TlsFiles | None:
    if node.tls is None:
        return None
    return TlsFiles(
        **{key: folder / name for key, name in node.tls.model_dump(exclude_none=True).items()}
    )


def _audit(node: NodeFile, tls: TlsFiles | None) -> AuditRules:
    rules = audit_rules(node.audit)
    if rules.receiver is not None and rules.receiver.transport is SyslogTransport.TLS:
        _refuse_without_tls(tls, "audit.receiver.transport", NODE_FILE, value="tls")
    return rules


def _web(node: NodeFile, tls: TlsFiles | None, folder: Path) -> WebListener | None:
    if node.web is None:
        return None
    if node.web.tls:
        _refuse_without_tls(tls, "web.tls", NODE_FILE)
    return web_listener(node.web, ae_title=node.listener.ae_title, tls=tls, folder=folder)


def _refuse_without_tls(tls: TlsFiles | None, key: str, file: str, *, value: object = True) -> None:
    if tls is None:
        raise ConfigError(
            file=file, key=key, value=value, allowed=f"with [tls] in {NODE_FILE} only"
        )


def _refuse_repeats(path: Path, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(file=path.name, key="name", value=name, allowed="each name once")


def _refuse_unknown_names(
    path: Path, route: RouteTable, destinations: list[str], archives: list[str]
) -> None:
    named = [("destinations", name, destinations) for name in route.destinations]
    named += [("shadow_destinations", name, destinations) for name in route.shadow_destinations]
    for role, rule in route.companions.items():
        named += [(f"companions.{role}.fetch", name, archives) for name in rule.fetch]
    for key, name, known in named:
        if name not in known:
            file = DESTINATIONS_FILE if known is destinations else ARCHIVES_FILE
            raise ConfigError(
                file=path.name,
                key=f"routes.{route.name}.{key}",
                value=name,
                allowed=f"one of {known} ({file})",
            )


def _destination(
    table: DestinationTable, node: NodeFile, tls: TlsFiles | None, folder: Path
) -> Destination:
    is_web = table.kind is DestinationKind.DICOMWEB
    ae_title, host, port, web = peer_address(
        table, web=is_web, file=DESTINATIONS_FILE, folder=folder
    )
    if web is not None and table.commitment:
        key, allowed = f"destinations.{table.name}.commitment", 'false with kind = "dicomweb"'
        raise ConfigError(file=DESTINATIONS_FILE, key=key, value=True, allowed=allowed)
    return Destination(
        name=table.name,
        ae_title=ae_title,
        host=host,
        port=port,
        web=web,
        calling_ae_title=table.calling_ae_title or node.listener.ae_title,
        timeout_s=table.timeout_s,
        commitment=table.commitment,
        commitment_overdue_h=table.commitment_overdue_h,
        tls=tls if table.tls else None,
        certificate_name=table.certificate_name,
        forms=ResultForms(**table.model_dump(include={f.name for f in fields(ResultForms)})),
    )


def _route(table: RouteTable) -> Route:
    return Route(
        name=table.name,
        algorithm=table.algorithm,
        destinations=table.destinations,
        when=Condition(**table.when.model_dump()),
        companions={role: _companion(rule) for role, rule in table.companions.items()},
        fallback=table.fallback,
        priority=table.priority,
        window=table.window,
        gate=table.gate,
        shadow_destinations=table.shadow_destinations,
        contours=table.contours,
        options=table.options,
    )


def _companion(table: CompanionTable) -> CompanionRule:
    prior = None if table.prior is None else PriorRule(**table.prior.model_dump())
    return CompanionRule(**table.model_dump(exclude={"prior"}), prior=prior)


def _try_rules(table: JobsTable) -> TryRules:
    return TryRules(most_attempts=table.most_attempts, pauses=_pauses(table))


def _delivery_rules(table: DeliveryTable) -> DeliveryRules:
    return DeliveryRules(open_after=table.open_after, pauses=_pauses(table))


def _pauses(table: JobsTable | DeliveryTable) -> RetryRules:
    return RetryRules(first_retry_s=table.first_retry_s, longest_retry_s=table.longest_retry_s)

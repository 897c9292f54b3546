"""Whether a node is configured as it should be: the content of `dicom-node check`."""

import shutil
from dataclasses import dataclass

from dicom_node.auditing import trail_status
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.peer import Destination
from dicom_node.domain.query import RemoteArchive, RetrieveMethod
from dicom_node.network.tls import EXPIRES_SOON_DAYS, TlsContext, days_left, expires_at
from dicom_node.network.verification import echo
from dicom_node.network.web_access import read_credentials
from dicom_node.registry import Registry
from dicom_node.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that `check` looked at."""

    what: str
    ok: bool
    message: str


def check_configuration(
    settings: Settings, registry: Registry, *, with_echo: bool
) -> tuple[Finding, ...]:
    """Whether configuration, algorithms and (asked for) destinations are as they should be."""
    findings = [
        Finding(what=f"algorithm {name}", ok=True, message=f"version {spec.card.version}")
        for name, spec in registry.specs.items()
    ]
    findings += [
        Finding(what=f"algorithm {name}", ok=False, message=reason)
        for name, reason in registry.broken.items()
    ]
    findings += [_check_route(settings, registry, number) for number in range(len(settings.routes))]
    findings.append(_check_folder(settings))
    findings.append(_check_audit(settings))
    findings += _check_tls(settings)
    findings += _check_web(settings)
    for destination in settings.destinations.values():
        what = f"destination {destination.name}"
        findings.append(_check_peer(what, destination, with_echo=with_echo))
    for archive in settings.archives.values():
        what = f"archive {archive.name}"
        findings.append(_check_peer(what, archive.peer, with_echo=with_echo))
        findings += _check_caller(settings, archive)
    return tuple(findings)


def _check_audit(settings: Settings) -> Finding:
    """Whether the audit trail can be written, and the repository has what is in it."""
    status = trail_status(settings)
    what = f"audit trail {status.folder}"
    if status.fault:
        return Finding(what=what, ok=False, message=f"not writable: {status.fault}")
    if status.receiver is None:
        return Finding(what=what, ok=True, message=f"{status.last} lines, sent nowhere")
    message = f"{status.last} lines, {status.waiting} of them wait for {status.receiver}"
    told = f"{message}: {status.not_sent_because}" if status.not_sent_because else message
    return Finding(what=what, ok=not status.not_sent_because, message=told)


def _check_peer(what: str, peer: Destination, *, with_echo: bool) -> Finding:
    where = peer.where
    if not with_echo:
        return Finding(what=what, ok=True, message=where)
    answer = echo(peer)
    message = f"{where}: {answer.cause or 'answers C-ECHO'}"
    return Finding(what=what, ok=answer.reachable, message=message)


def _check_caller(settings: Settings, archive: RemoteArchive) -> list[Finding]:
    """Whether the listener takes what an archive is asked to send."""
    titles = {one.ae_title for one in settings.listener.callers}
    if archive.method is RetrieveMethod.GET or not titles or archive.peer.ae_title in titles:
        return []
    message = f"{archive.peer.ae_title} sends by C-MOVE, and is none of listener.callers"
    return [Finding(what=f"archive {archive.name}", ok=False, message=message)]


def _check_tls(settings: Settings) -> list[Finding]:
    """Whether the files for TLS fit together, and how long the certificate is valid."""
    if settings.tls is None:
        return []
    try:
        TlsContext(settings.tls)
        left = days_left(settings.tls.certificate)
    except ConfigError as cause:
        return [Finding(what="tls", ok=False, message=str(cause))]
    until = f"{settings.tls.certificate.name} is valid until {expires_at(settings.tls.certificate)}"
    soon = " (soon)" if 0 < left < EXPIRES_SOON_DAYS else ""
    return [Finding(what="tls", ok=left > 0, message=f"{until}, {left:.0f} days{soon}")]


def _check_web(settings: Settings) -> list[Finding]:
    """Whether those who may send by STOW-RS are known, and their file can be read."""
    web = settings.web
    if web is None:
        return []
    if web.credentials_file is None:
        known = "nobody needs a secret" if web.tls is None else "a trusted certificate suffices"
        return [Finding(what="web", ok=True, message=f"port {web.port}, {known}")]
    try:
        names = sorted(read_credentials(web.credentials_file))
    except ConfigError as cause:
        return [Finding(what="web", ok=False, message=str(cause))]
    return [Finding(what="web", ok=True, message=f"port {web.port}, for {', '.join(names)}")]


def _check_route(settings: Settings, registry: Registry, number: int) -> Finding:
    route = settings.routes[number]
    what = f"route {route.name}"
    spec = registry.specs.get(route.algorithm)
    if spec is None:
        allowed = sorted(registry.specs)
        message = f"algorithm is {route.algorithm!r}; installed are {allowed}"
        return Finding(what=what, ok=False, message=message)
    roles = {one.role for one in spec.inputs[1:]}
    unknown = sorted(set(route.companions) - roles)
    if unknown:
        message = (
            f"companions {unknown} are no inputs of {route.algorithm}; it takes {sorted(roles)}"
        )
        return Finding(what=what, ok=False, message=message)
    try:
        version = registry.spec_of(route).card.version
    except ConfigError as cause:
        return Finding(what=what, ok=False, message=str(cause))
    return Finding(what=what, ok=True, message=f"runs {route.algorithm} {version}")


def _check_folder(settings: Settings) -> Finding:
    folder, limit_mib = settings.storage_folder, settings.refuse_below_free_mib
    what = f"storage {folder}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as cause:
        return Finding(what=what, ok=False, message=f"not writable: {cause.strerror}")
    free_mib = shutil.disk_usage(folder).free // 2**20
    message = f"writable, {free_mib} MiB free; nothing is received below {limit_mib} MiB"
    return Finding(what=what, ok=free_mib >= limit_mib, message=message)

"""`dicom-node audit`: whether the audit trail is whole, and whether it is kept and sent."""

from pathlib import Path

from dicom_node.audit.events import audit_log_used
from dicom_node.audit.verification import Verdict, noted
from dicom_node.audit.verification import verify as verify_folder
from dicom_node.auditing import (
    TrailStatus,
    audit_of_command,
    trail_folder,
    trail_status,
    user_participant,
)
from dicom_node.cli.json_forms import Json
from dicom_node.cli.options import print_json
from dicom_node.domain.errors import ArchiveError, ConfigError
from dicom_node.settings import Settings, read_settings
from dicom_node.stores import utc_now


def verify_trail(config: Path, *, known: str | None, as_json: bool) -> bool:
    """Check every line of the trail; whether it is whole."""
    settings = read_settings(config)
    folder, noted_line = trail_folder(settings), None if known is None else _noted(known)
    try:
        verdict = verify_folder(folder, known=noted_line)
    except OSError as cause:
        raise ArchiveError(f"{folder} cannot be read: {cause.strerror}") from cause
    if as_json:
        print_json(_verdict_form(verdict))
    else:
        _show_verdict(verdict)
    if verdict.files:
        _tell_used(settings)
    return verdict.finding is None


def show_status(config: Path, *, as_json: bool) -> bool:
    """Tell how the trail stands; whether it can be written and the repository answers."""
    status = trail_status(read_settings(config))
    if as_json:
        print_json(_status_form(status))
    else:
        _show_status(status)
    return not status.fault and not status.not_sent_because


def _tell_used(settings: Settings) -> None:
    event = audit_log_used(user_participant(), now=utc_now())
    with audit_of_command(settings) as audit:
        audit.record(lambda: [event])


def _noted(text: str) -> tuple[int, str]:
    try:
        return noted(text)
    except ValueError as cause:
        allowed = "NUMBER:HASH as `audit status` shows it"
        raise ConfigError(
            file="audit verify", key="--known", value=text, allowed=allowed
        ) from cause


def _verdict_form(verdict: Verdict) -> dict[str, Json]:
    finding = verdict.finding
    return {
        "whole": finding is None,
        "lines": verdict.lines,
        "first": verdict.first,
        "last": verdict.last,
        "head": verdict.head,
        "finding": None
        if finding is None
        else {"line": finding.line, "file": finding.file, "what": finding.what},
    }


def _show_verdict(verdict: Verdict) -> None:
    finding = verdict.finding
    if finding is None:
        print(f"whole: lines {verdict.first} to {verdict.last} in {verdict.files} files")
        print(f"last line {verdict.last}:{verdict.head}")
        return
    where = f" ({finding.file})" if finding.file else ""
    print(f"not as it was written: line {finding.line}{where} was {finding.what}")


def _status_form(status: TrailStatus) -> dict[str, Json]:
    return {
        "folder": str(status.folder),
        "last": status.last,
        "head": status.head,
        "fault": status.fault or None,
        "receiver": status.receiver,
        "waiting": status.waiting,
        "not_sent_because": status.not_sent_because or None,
    }


def _show_status(status: TrailStatus) -> None:
    print(f"trail {status.folder}, last line {status.last}:{status.head}")
    print(f"cannot be written: {status.fault}" if status.fault else "can be written")
    if status.receiver is None:
        print("sent nowhere: no [audit.receiver] is configured")
        return
    print(f"sent to {status.receiver}, {status.waiting} lines wait")
    if status.not_sent_because:
        print(f"not sent: {status.not_sent_because}")

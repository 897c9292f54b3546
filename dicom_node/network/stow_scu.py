"""STOW-RS user agent (PS3.18 10.5): sends stored objects, byte for byte, and reports on each."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.network.outgoing import Outgoing
from dicom_node.network.store_status import meaning_of
from dicom_node.network.web_client import exchange, read_answer

log = structlog.get_logger(__name__)

# Of one request: a service that refuses it then refuses no whole study.
_MOST_OBJECTS, _MOST_BYTES = 50, 256 * 2**20
_CHUNK = 1 << 20

# Statuses of a request as a whole, as the C-STORE status that means the same.
_PROCESSING_FAILURE, _NOT_AUTHORISED, _OUT_OF_RESOURCES = 0x0110, 0x0124, 0xA700
_FOR_GOOD = {400: 0xC000, 409: 0xC000, 413: 0xC000, 415: 0x0122}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What a service said of a request: its status, and the status of each instance."""

    status: int
    stored: Mapping[str, int]  # SOP Instance UID to warning reason, 0 for none
    failed: Mapping[str, int]  # to failure reason
    told: bool  # whether it said something of instances


def store(objects: Sequence[Outgoing], destination: Destination) -> tuple[SendReport, ...]:
    """Send objects; trouble of network, destination or file ends in a report.

    Returns
    -------
    tuple of SendReport
        One for each object, in their order.
    """
    reports: dict[int, SendReport] = {}
    lengths: dict[int, int] = {}
    for number, one in enumerate(objects):
        try:
            lengths[number] = one.path.stat().st_size
        except OSError as cause:
            gone = isinstance(cause, FileNotFoundError)
            told = f"not sent: {cause.strerror}"
            reports[number] = _not_stored(one, told, transient=not gone)
    for batch in _batches(lengths):
        mine = [objects[number] for number in batch]
        sent = _send(mine, [lengths[number] for number in batch], destination)
        reports.update(zip(batch, sent, strict=True))
        if all(one.status is None and one.transient for one in sent):
            break  # silent: what is left is not tried now
    left = [number for number in lengths if number not in reports]
    for number in left:
        why = "not tried: the destination gave no answer to what was sent before"
        untried = _not_stored(objects[number], why, transient=True)
        reports[number] = replace(untried, tried=False)
    stored = sum(one.stored for one in reports.values())
    log.info(
        "objects.sent", destination=destination.name, stored=stored, failed=len(objects) - stored
    )
    return tuple(reports[number] for number in range(len(objects)))


def _batches(lengths: Mapping[int, int]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for number, length in lengths.items():
        if batch and (len(batch) == _MOST_OBJECTS or size + length > _MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(number)
        size += length
    if batch:
        yield batch


def _send(
    objects: Sequence[Outgoing], lengths: Sequence[int], destination: Destination
) -> list[SendReport]:
    try:
        answer = _asked(objects, lengths, destination)
    except DeliveryFailed as failure:
        failed = [_not_stored(one, failure.cause, transient=failure.transient) for one in objects]
        if failure.untrusted:
            return [replace(one, tried=False, untrusted=True) for one in failed]
        return failed
    if answer.status in _FOR_GOOD and not answer.told and len(objects) > 1:
        # One of them may be what the service refuses all of them for.
        return [
            report
            for one, length in zip(objects, lengths, strict=True)
            for report in _send([one], [length], destination)
        ]
    return [_judged(one, answer) for one in objects]


def _asked(
    objects: Sequence[Outgoing], lengths: Sequence[int], destination: Destination
) -> _Answer:
    boundary = uuid.uuid4().hex
    head = f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode("ascii")
    tail = f"\r\n--{boundary}--\r\n".encode("ascii")
    headers = {
        "Accept": "application/dicom+json",
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Content-Length": str(sum(lengths) + len(head) * len(objects) + len(tail)),
    }
    body = _body([one.path for one in objects], lengths, head, tail)
    with exchange(destination, "POST", "/studies", headers=headers, body=body) as response:
        content = read_answer(destination, response)
        kind = response.headers.get_content_type()
        return _read(response.status, content if kind.endswith("json") else b"")


def _body(
    paths: Sequence[Path], lengths: Sequence[int], head: bytes, tail: bytes
) -> Iterator[bytes]:
    for path, length in zip(paths, lengths, strict=True):
        yield head
        left = length
        with path.open("rb") as file:
            while left:
                chunk = file.read(min(_CHUNK, left))
                if not chunk:
                    raise OSError(f"{path.name} became shorter while it was sent")
                left -= len(chunk)
                yield chunk
    yield tail


def _read(status: int, content: bytes) -> _Answer:
    """Answer of a service (PS3.18 Table 10.5.3-1, I.2); what it does not say is not made up."""
    try:
        found = json.loads(content)
    except ValueError:
        found = {}
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        found = {}
    stored = {uid: reason or 0 for uid, reason in _items(found, "00081199", "00081196")}
    failed = {uid: reason or 0 for uid, reason in _items(found, "00081198", "00081197")}
    return _Answer(status=status, stored=stored, failed=failed, told=bool(stored or failed))


def _items(found: Mapping[str, object], sequence: str, reason: str) -> Iterator[tuple[str, int]]:
    """UID and reason (0: none) of each item of a sequence, as far as they can be read."""
    for item in _values(found.get(sequence)):
        if not isinstance(item, dict):
            continue
        uid = next(iter(_values(item.get("00081155"))), None)
        number = next(iter(_values(item.get(reason))), 0)
        if isinstance(uid, str):
            yield uid, int(number) if isinstance(number, int | float) else 0


def _values(element: object) -> Sequence[object]:
    values = element.get("Value") if isinstance(element, dict) else None
    return values if isinstance(values, list) else ()


def _judged(one: Outgoing, answer: _Answer) -> SendReport:
    uid = one.sop_instance_uid
    if uid in answer.failed:
        reason = answer.failed[uid] or _PROCESSING_FAILURE
        return _report(one, reason, f"STOW-RS failure reason 0x{reason:04X}")
    if uid in answer.stored:
        return _report(one, answer.stored[uid], "")
    if answer.status == 200 and not answer.told:
        return _report(one, 0x0000, "")  # all of it was stored (PS3.18 Table 10.5.3-1)
    if answer.status in (200, 202):
        cause = "the answer says nothing of this instance"
        return _not_stored(one, cause, transient=True, status=_PROCESSING_FAILURE)
    told = f"HTTP status {answer.status}"
    if answer.status in _FOR_GOOD:
        return _not_stored(one, told, transient=False, status=_FOR_GOOD[answer.status])
    status = _NOT_AUTHORISED if answer.status in (401, 403) else _OUT_OF_RESOURCES
    return _not_stored(one, told, transient=True, status=status)


def _report(one: Outgoing, status: int, told: str) -> SendReport:
    meaning = meaning_of(status)
    return SendReport(
        sop_instance_uid=one.sop_instance_uid,
        status=status,
        stored=meaning.stored,
        transient=meaning.transient,
        cause=f"{told} ({meaning.cause})" if told and not meaning.stored else meaning.cause,
    )


def _not_stored(
    one: Outgoing, cause: str, *, transient: bool, status: int | None = None
) -> SendReport:
    return SendReport(
        sop_instance_uid=one.sop_instance_uid,
        status=status,
        stored=False,
        transient=transient,
        cause=cause,
    )

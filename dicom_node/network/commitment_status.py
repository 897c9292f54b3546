"""What a status of N-ACTION means for a request of storage commitment."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request was not taken, whether there is such a service, and whether it may pass."""

    cause: str
    offered: bool
    transient: bool


# PS3.7 10.1.4.1.10 and Annex C. The first ones say that there is no such service after all, though
# a presentation context was accepted; the second ones are about the request, which would be the
# same again; the others lie with the destination or its configuration, which people repair.
_NOT_OFFERED = {
    0x0112: "no such SOP instance",
    0x0118: "no such SOP class",
    0x0122: "refused: SOP class not supported",
    0x0123: "no such action",
    0x0211: "unrecognised operation",
}
_FOR_GOOD = {
    0x0114: "no such argument",
    0x0115: "invalid argument value",
    0x0117: "invalid object instance",
    0x0119: "class and instance conflict",
    0x0212: "mistyped argument",
}
_PASSING = {
    0x0110: "processing failure",
    0x0124: "refused: not authorised",
    0x0131: "duplicate transaction UID",
    0x0210: "duplicate invocation",
    0x0213: "resource limitation",
}
_WARNINGS = frozenset({0x0001, 0x0107, 0x0116})


def refusal_of(status: int) -> Refusal | None:
    """What a status means; None for success and every warning, since a report will come."""
    if status == 0x0000 or status in _WARNINGS or status >> 12 == 0xB:
        return None
    if status in _NOT_OFFERED:
        return Refusal(cause=_NOT_OFFERED[status], offered=False, transient=False)
    if status in _FOR_GOOD:
        return Refusal(cause=_FOR_GOOD[status], offered=True, transient=False)
    cause = _PASSING.get(status, "unknown status")
    return Refusal(cause=cause, offered=True, transient=True)

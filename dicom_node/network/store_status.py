"""What a C-STORE status of a destination means for the object that was sent."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """Whether the destination has the object, and if not, whether trying again may help."""

    stored: bool
    transient: bool
    cause: str


_STORED = Meaning(stored=True, transient=False, cause="")

# Not in the ranges below (PS3.7 Annex C). Trying again helps where the trouble lies with the
# destination or with its configuration, which people repair; not where it is the object itself.
_TRANSIENT = {
    0x0110: "processing failure",
    0x0124: "refused: not authorised",
    0x0210: "duplicate invocation",
    0x0213: "resource limitation",
    0xFE00: "cancelled",
}
_FOR_GOOD = {
    0x0106: "invalid attribute value",
    0x0115: "invalid argument value",
    0x0117: "invalid object instance",
    0x0118: "no such SOP class",
    0x0119: "class and instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "refused: SOP class not supported",
    0x0211: "unrecognised operation",
    0x0212: "mistyped argument",
}
_WARNINGS = {
    0x0001: "warning",
    0x0107: "attribute list error",
    0x0116: "attribute value out of range",
    0xB000: "coercion of data elements",
    0xB006: "elements discarded",
    0xB007: "data set does not match SOP class",
}
_DUPLICATE_INSTANCE = 0x0111


def meaning_of(status: int) -> Meaning:
    """What a status means; see PS3.4 Table B.2-1 and PS3.7 Annex C.

    Success and every warning: the destination has the object. 0x0111 (duplicate SOP instance),
    too: result UIDs are made of content and algorithm, so what it has under this UID is the same
    object, sent before a restart of ours. 0xA9xx and 0xCxxx are about the object and stay; 0xA7xx
    and anything that the standard does not know may pass.
    """
    if status == 0x0000:
        return _STORED
    if status in _WARNINGS or status >> 12 == 0xB:
        text = _WARNINGS.get(status, "warning")
        return Meaning(stored=True, transient=False, cause=f"stored with a warning: {text}")
    if status == _DUPLICATE_INSTANCE:
        cause = "the destination has an instance with this UID already"
        return Meaning(stored=True, transient=False, cause=cause)
    for_good = _about_the_object(status)
    if for_good is not None:
        return Meaning(stored=False, transient=False, cause=for_good)
    passing = "refused: out of resources" if status >> 8 == 0xA7 else _TRANSIENT.get(status)
    return Meaning(stored=False, transient=True, cause=passing or "unknown status")


def _about_the_object(status: int) -> str | None:
    if status >> 8 == 0xA9:
        return "data set does not match SOP class"
    if status >> 12 == 0xC:
        return "cannot understand"
    return _FOR_GOOD.get(status)

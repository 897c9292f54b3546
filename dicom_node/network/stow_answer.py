"""What a STOW-RS request is answered: instance by instance, and as a whole (PS3.18 10.5.3, I.2)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dicom_node.network.c_store import DOES_NOT_MATCH_SOP_CLASS, OUT_OF_RESOURCES, SUCCESS

_KEPT = (SUCCESS, DOES_NOT_MATCH_SOP_CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of one instance.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid : str
        Empty where they could not be read.
    status : int
        That which C-STORE would have been answered.
    """

    sop_class_uid: str
    sop_instance_uid: str
    status: int


def answer_to(instances: Sequence[Stored]) -> tuple[int, bytes]:
    """HTTP status and data set as JSON.

    200 where all were stored without a warning, 202 where some were not or had one, 409 where none
    was, 503 where that is only for want of room.
    """
    kept = [one for one in instances if one.status in _KEPT]
    failed = [one for one in instances if one.status not in _KEPT]
    found: dict[str, object] = {}
    if kept:
        found["00081199"] = _sequence([_item(one, "00081196") for one in kept])
    if failed:
        found["00081198"] = _sequence([_item(one, "00081197") for one in failed])
    return _status(kept, failed), json.dumps(found).encode("ascii")


def _status(kept: Sequence[Stored], failed: Sequence[Stored]) -> int:
    if not kept:
        return 503 if all(one.status == OUT_OF_RESOURCES for one in failed) else 409
    return 202 if failed or any(one.status != SUCCESS for one in kept) else 200


def _item(one: Stored, reason: str) -> dict[str, object]:
    item: dict[str, object] = {
        "00081150": {"vr": "UI", "Value": [one.sop_class_uid] if one.sop_class_uid else []},
        "00081155": {"vr": "UI", "Value": [one.sop_instance_uid] if one.sop_instance_uid else []},
    }
    if one.status != SUCCESS:
        item[reason] = {"vr": "US", "Value": [one.status]}
    return item


def _sequence(items: Sequence[dict[str, object]]) -> dict[str, object]:
    return {"vr": "SQ", "Value": list(items)}

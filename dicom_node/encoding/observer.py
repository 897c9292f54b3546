"""The node as the observer of a document (TID 1001, 1004)."""

from dicom_node.domain.equipment import Equipment
from dicom_node.encoding import codes
from dicom_node.encoding.content import Relation, code_item, text_item, uid_item
from dicom_node.encoding.provenance import RESEARCH_ONLY
from dicom_node.encoding.uids import derived_uid


def observer_items(equipment: Equipment) -> list[bytes]:
    """Content items that name the device."""
    uid = derived_uid("device", equipment.device_serial_number, equipment.station_name)
    texts = (
        (codes.DEVICE_NAME, f"{equipment.station_name}: {RESEARCH_ONLY}"),
        (codes.DEVICE_MANUFACTURER, equipment.manufacturer),
        (codes.DEVICE_MODEL, equipment.model_name),
        (codes.DEVICE_SERIAL_NUMBER, equipment.device_serial_number),
    )
    return [
        code_item(Relation.OBSERVED, codes.OBSERVER_TYPE, codes.DEVICE),
        uid_item(Relation.OBSERVED, codes.DEVICE_UID, uid),
        *(text_item(Relation.OBSERVED, name, value) for name, value in texts),
    ]

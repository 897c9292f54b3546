"""How this node names itself in every object it writes, and how it knows its own."""

from dataclasses import dataclass

MANUFACTURER = "dicom_node project"
MODEL_NAME = "dicom_node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """General Equipment of the node (PS3.3 C.7.5.1).

    Parameters
    ----------
    device_serial_number : str
        Id of the installation.
    station_name : str
        AE title of the node.
    """

    software_version: str
    device_serial_number: str
    station_name: str
    manufacturer: str = MANUFACTURER
    model_name: str = MODEL_NAME

"""UIDs that follow from the result: the same result twice has the same UIDs (PS3.5 B.2)."""

import uuid
from enum import StrEnum

# Any fixed UUID serves; changing it would change every UID that this node ever made.
_NAMESPACE = uuid.UUID("6f0d3b0e-3f0a-5f53-9d4b-0c6a1f7f2b11")


class Role(StrEnum):
    """The objects that one result becomes."""

    SEG = "seg"
    RTSTRUCT = "rtstruct"
    SR = "sr"
    MEASUREMENTS = "sr-measurements"
    SC = "sc"
    PAGES = "sc-pages"
    MAP = "map"
    PDF = "pdf"
    KEY_OBJECTS = "ko"


def derived_uid(*words: str) -> str:
    """UID under 2.25 that follows from the words, and from nothing else."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(0).join(words)).int}"


def series_uid(result_id: str, name: str) -> str:
    """Series Instance UID of an object of a result, by the name of its form."""
    return derived_uid(result_id, name, "series")


def instance_uid(result_id: str, name: str) -> str:
    """SOP Instance UID of an object of a result, by the name of its form."""
    return derived_uid(result_id, name, "instance")


def tracking_uid(result_id: str, tracking_id: str) -> str:
    """Tracking UID of a finding, the same in SEG and SR (PS3.16 TID 4108)."""
    return derived_uid(result_id, "tracking", tracking_id)

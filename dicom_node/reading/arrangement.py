"""Which volumes the instances of a series form, with every check that they must pass."""

from collections import Counter
from collections.abc import Sequence

from pydicom.uid import UID

from dicom_node.domain.errors import (
    IncompleteSeries,
    InconsistentGeometry,
    InputRejected,
    MixedSeries,
    RepeatedUid,
    SeveralPatients,
)
from dicom_node.reading.frames import planes_of, volumes_of
from dicom_node.reading.header import Header, named
from dicom_node.reading.identity import PATIENT, all_alike, patient_digest
from dicom_node.reading.stack import Stack, arrange


def stacks_of(headers: Sequence[Header]) -> tuple[Stack, ...]:
    """Volumes of a series, in order of time or gate; one for a static series.

    Raises
    ------
    MixedSeries, SeveralPatients, RepeatedUid
        Where the instances do not belong together, see `need_one_object`.
    UnsupportedObject, MissingAttribute, InconsistentGeometry, IncompleteSeries
        As `planes_of` and `arrange`, with the number of the volume where there are several; and
        where volumes are missing, or lie on different grids.
    """
    need_one_object(headers)
    volumes = volumes_of(planes_of(headers))
    slices = promised_slices(headers[0])
    if len(volumes) == 1:
        stacks = [arrange(volumes[0], expected=slices)]
    else:
        stacks = []
        for number, planes in enumerate(volumes, start=1):
            try:
                stacks.append(arrange(planes, expected=slices))
            except InputRejected as cause:
                raise type(cause)(f"volume {number} of {len(volumes)}: {cause}") from cause
    _need_all_volumes(len(stacks), promised_volumes(headers[0]))
    _need_one_grid(stacks)
    return tuple(stacks)


def promised_slices(header: Header) -> int | None:
    """Number of slices of each volume by Number of Slices (0054,0081); PET and NM have it."""
    found = header.whole("NumberOfSlices")
    return found if found is not None and found > 0 else None


def promised_volumes(header: Header) -> int | None:
    """Number of volumes of a PET series (PS3.3 C.8.9.1.1.1); None where no attribute tells.

    DYNAMIC: Number of Time Slices (0054,0101). GATED: Number of R-R Intervals (0054,0061) times
    Number of Time Slots (0054,0071). Else 1, whatever these attributes say: GE writes a number of
    time slices into static series, too.
    """
    kind = header.text("SeriesType")
    if kind == "DYNAMIC":
        return header.whole("NumberOfTimeSlices")
    if kind == "GATED":
        intervals, slots = header.whole("NumberOfRRIntervals"), header.whole("NumberOfTimeSlots")
        return None if intervals is None or slots is None else intervals * slots
    return 1


def need_one_object(headers: Sequence[Header]) -> None:
    """Refuse several SOP classes, modalities or patients in a series, and one UID given twice.

    Raises
    ------
    MixedSeries, SeveralPatients, RepeatedUid
        Naming what differs; a patient's identity is not shown.
    """
    _need_different_uids(headers)
    if all_alike(headers, ("SOPClassUID", "Modality", *PATIENT)):
        return
    for keyword in ("SOPClassUID", "Modality"):
        counts = Counter(header.text(keyword) or "none" for header in headers)
        if len(counts) > 1:
            shown = ", ".join(f"{UID(one).name} ({n})" for one, n in counts.most_common())
            raise MixedSeries(f"several of {named(keyword)} in one series: {shown}")
    if len({patient_digest(header) for header in headers}) > 1:
        raise SeveralPatients("instances of different patients have one Series Instance UID")


def _need_different_uids(headers: Sequence[Header]) -> None:
    uids = [header.text("SOPInstanceUID") for header in headers]
    if len(set(uids)) < len(uids):
        uid, times = Counter(uids).most_common(1)[0]
        raise RepeatedUid(f"{times} different instances have the SOP Instance UID {uid}")


def _need_all_volumes(found: int, promised: int | None) -> None:
    if promised is not None and found < promised:
        raise IncompleteSeries(f"{found} of {promised} volumes (time slices or gates)")


def _need_one_grid(stacks: Sequence[Stack]) -> None:
    for number, stack in enumerate(stacks[1:], start=2):
        if not stack.geometry.same_grid(stacks[0].geometry):
            raise InconsistentGeometry(
                f"volume {number} of {len(stacks)} lies on another grid than the first"
            )

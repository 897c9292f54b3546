"""A report becomes DICOM objects, and the objects become files: the entry of this room."""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import structlog
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import DicomNodeError, EncodingFailed, ResultNotWritten
from dicom_node.domain.forms import ResultForms
from dicom_node.domain.job import ResultObject
from dicom_node.domain.report import Report
from dicom_node.encoding.encapsulated import build_encapsulated_pdf
from dicom_node.encoding.explicit import file_of
from dicom_node.encoding.forms import Audience, Form, Wanted, splits_of, wanted_forms
from dicom_node.encoding.key_objects import build_key_objects
from dicom_node.encoding.landmark import check_landmarks
from dicom_node.encoding.parts import Part, Split, WrittenPart, split
from dicom_node.encoding.result_folder import make_folder, sync_folder, write_file
from dicom_node.encoding.secondary_capture import build_secondary_capture
from dicom_node.encoding.segmentation import build_segmentation
from dicom_node.encoding.sources import SourceHeader, read_source
from dicom_node.encoding.structure_set import build_structure_set, check_structure_set
from dicom_node.encoding.structured_report import build_structured_report
from dicom_node.encoding.uids import Role
from dicom_node.encoding.voxel_map import build_voxel_map, check_voxel_map

log = structlog.get_logger(__name__)
Made = TypeVar("Made")
Check = Callable[[bytes], None]
"""Refuses the file of an object that does not lie where the result says."""

WHOLE = Split()  # one object, whatever is in it
_NOBODY: Mapping[str, ResultForms] = MappingProxyType({})

# What highdicom, pydicom, matplotlib and the file system raise on values they cannot take.
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedObject:
    """One result object, and its file: the bytes that were checked are those that are sent.

    Parameters
    ----------
    audience : frozenset of str or None
        Names of the destinations that take it; None for every one.
    spare_for : frozenset of str
        Names of those that take it if they refuse the form that they asked for.
    encoded : bytes
        PS3.10 file of the data set.
    """

    form: Form
    audience: Audience
    spare_for: frozenset[str]
    dataset: Dataset
    encoded: bytes

    @property
    def role(self) -> Role:
        """Which of the objects it is."""
        return self.form.role


def encode_report(
    report: Report, equipment: Equipment, destinations: Mapping[str, ResultForms] = _NOBODY
) -> tuple[EncodedObject, ...]:
    """Objects of a result: SEG (where there are segments that have a place), SR, SC.

    A pure function of its arguments and of the source files: the same report gives the same bytes.
    Dates and times are those of `created_at`, in the zone that the source names, else in its own:
    it should be the site's, as that of the study is.

    Parameters
    ----------
    destinations : mapping
        Name to the forms that it takes; an object that several take is made once. Empty: one set
        of the default forms, for everyone.

    Raises
    ------
    EncodingFailed
        Where any of the objects cannot be made, or a SEG does not lie where the result says.
    """
    source = _guarded("source", lambda: read_source(report))
    ways = {WHOLE, *(how for forms in destinations.values() for how in splits_of(forms))}
    parts = {how: _parts(report, how) for how in ways}
    counts = {how: len(some) for how, some in parts.items()}
    wanted = wanted_forms(destinations, counts, maps=_maps(report))
    maker = _Maker(report, equipment, source, parts)
    return tuple(
        _guarded(form.name, partial(maker.make, form, takers)) for form, takers in wanted.items()
    )


def write_objects(objects: Sequence[EncodedObject], folder: Path) -> tuple[ResultObject, ...]:
    """Write objects durably into a folder, which is made; file names follow from the UIDs.

    A file has its name only when it is whole and on the disk.

    Raises
    ------
    ResultNotWritten
        Where a file cannot be written.
    """
    try:
        return _written(objects, folder)
    except OSError as cause:
        raise ResultNotWritten(f"{cause.strerror or type(cause).__name__}") from cause


def _guarded(what: str, make: Callable[[], Made]) -> Made:
    """What `make` makes; any fault of a library becomes EncodingFailed.

    The message names the kind of fault alone: those of pydicom quote values of the patient.
    """
    try:
        return make()
    except DicomNodeError as cause:
        if isinstance(cause, EncodingFailed):
            raise
        raise EncodingFailed(f"{what}: {cause}") from cause
    except _FAULTS as cause:
        raise EncodingFailed(f"{what}: {type(cause).__name__}") from cause


def _parts(report: Report, how: Split) -> tuple[Part, ...]:
    """Segmentations to be written; none for a result without segments or place."""
    found = report.result.segmentation
    if found is None or not found.geometry.placed:
        return ()
    return split(found, how)


def _maps(report: Report) -> int:
    """Number of voxel maps to be written; none for a source without a place."""
    return len(report.result.maps) if report.source.geometry.placed else 0


class _Maker:
    """Makes the objects of one report; a report of segments refers to what was made before it."""

    def __init__(
        self,
        report: Report,
        equipment: Equipment,
        source: SourceHeader,
        parts: Mapping[Split, Sequence[Part]],
    ) -> None:
        self._report, self._equipment, self._source = report, equipment, source
        self._parts = parts
        self._made: dict[Form, Dataset] = {}
        self._written: dict[Split, list[WrittenPart]] = {how: [] for how in parts}

    def make(self, form: Form, takers: Wanted) -> EncodedObject:
        """One object with its file, which was checked where it has a place."""
        dataset, check = self._built(form)
        encoded = file_of(dataset)
        if check is not None:
            check(encoded)
        self._made[form] = dataset
        return EncodedObject(
            form=form,
            audience=takers.audience,
            spare_for=takers.spare_for,
            dataset=dataset,
            encoded=encoded,
        )

    def _built(self, form: Form) -> tuple[Dataset, Check | None]:
        """An object, and how its file is checked where it has a place."""
        match form.role:
            case Role.SEG:
                return self._segmentation(form)
            case Role.RTSTRUCT:
                return self._contours(form)
            case Role.MAP:
                return self._voxel_map(form)
            case _:
                return self._document(form), None

    def _document(self, form: Form) -> Dataset:
        """An object without a place of its own."""
        report, facts = self._report, (self._equipment, self._source, form)
        match form.role:
            case Role.SC | Role.PAGES:
                return build_secondary_capture(report, *facts)
            case Role.PDF:
                return build_encapsulated_pdf(report, *facts)
            case Role.KEY_OBJECTS:
                return build_key_objects(report, self._made, *facts)
        # Of a label map no report can name a segment: PS3.3 table C.18.4 knows numbers of segments
        # in Segmentation Storage alone. Tracking UIDs tell which group is of which segment.
        written = [] if form.labelmap else self._written[form.split or WHOLE]
        return build_structured_report(report, written, *facts)

    def _contours(self, form: Form) -> tuple[Dataset, Check]:
        """The structure set."""
        (part,) = self._parts[WHOLE]
        found = part.segmentation
        made = build_structure_set(self._report, found, self._equipment, self._source, form)
        return made, lambda file: check_structure_set(file, self._report, found)

    def _voxel_map(self, form: Form) -> tuple[Dataset, Check]:
        """One of the voxel maps."""
        voxels = self._report.result.maps[form.part - 1]
        made = build_voxel_map(self._report, voxels, self._equipment, self._source, form)
        return made, lambda file: check_voxel_map(file, self._report, voxels)

    def _segmentation(self, form: Form) -> tuple[Dataset, Check]:
        """A segmentation, or a part of it."""
        how = form.split or WHOLE
        part = self._parts[how][form.part - 1]
        found = part.segmentation
        made = build_segmentation(self._report, found, self._equipment, self._source, form)
        self._written[how].append(WrittenPart(numbers=part.numbers, dataset=made))
        return made, lambda file: check_landmarks(file, self._report, found)


def _written(objects: Sequence[EncodedObject], folder: Path) -> tuple[ResultObject, ...]:
    """Files of the objects, then the folder itself made durable."""
    make_folder(folder)
    made = tuple(_write(one, folder) for one in objects)
    sync_folder(folder)
    return made


def _write(encoded: EncodedObject, folder: Path) -> ResultObject:
    """The file of one object."""
    dataset = encoded.dataset
    path = folder / f"{encoded.form.name}-{dataset.SOPInstanceUID}.dcm"
    write_file(path, encoded.encoded)
    log.info("result.written", form=encoded.form.name, sop_instance_uid=str(dataset.SOPInstanceUID))
    return ResultObject(
        path=path,
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        modality=str(dataset.Modality),
        destinations=encoded.audience,
        spare_for=encoded.spare_for,
    )

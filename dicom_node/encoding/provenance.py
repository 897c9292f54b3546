"""What every result object says alike: whose it is, who made it, when, and that it is research."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydicom.dataset import Dataset

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.coding import Code
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.report import Report
from dicom_node.domain.series import ExamKind
from dicom_node.domain.volume import Volume
from dicom_node.encoding.codes import (
    ACQUISITION_EQUIPMENT,
    PROCESSING_EQUIPMENT,
    concept,
    private_scheme,
)
from dicom_node.encoding.forms import Form
from dicom_node.encoding.patient_study import (
    CHARACTER_SET,
    is_patient_or_study,
    patient_and_study,
    utf8_copy,
)
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.uids import Role, instance_uid, series_uid

RESEARCH_ONLY = "RESEARCH ONLY - NOT FOR CLINICAL USE"
_DESCRIPTION_PREFIX = "AI RESEARCH - "
_LO_CHARACTERS, _ST_CHARACTERS = 64, 1024  # PS3.5 table 6.2-1

# High, so that results sort behind the images, and stable, so that hanging protocols may name them.
SERIES_NUMBERS = MappingProxyType(
    {
        Role.SEG: 9001,
        Role.SR: 9002,
        Role.SC: 9003,
        Role.MEASUREMENTS: 9004,
        Role.KEY_OBJECTS: 9005,
        Role.RTSTRUCT: 9006,
        Role.MAP: 9007,
        Role.PDF: 9008,
        Role.PAGES: 9009,
    }
)
_SERIES_OF_A_PART = 100  # the second part of a segmentation is 9101, the third 9201
_CONTENT_OF = MappingProxyType(
    {
        Role.SEG: "segments",
        Role.SR: "report",
        Role.SC: "summary page",
        Role.MEASUREMENTS: "measurements",
        Role.KEY_OBJECTS: "key objects",
        Role.RTSTRUCT: "contours",
        Role.MAP: "voxel map",
        Role.PDF: "pages as PDF",
        Role.PAGES: "pages",
    }
)

# Contributing Equipment Sequence, the scanner's item (PS3.3 C.12.1): as the source names it.
_SCANNER_KEYWORDS = (
    "Manufacturer",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
    "InstitutionalDepartmentName",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
)


def short(text: str, characters: int = _LO_CHARACTERS) -> str:
    """Text cut to what a value representation holds, with an ellipsis where it was cut."""
    return text if len(text) <= characters else f"{text[: characters - 3]}..."


def identity(
    report: Report, equipment: Equipment, source: SourceHeader, form: Form
) -> dict[str, Any]:
    """Keyword arguments that every highdicom object takes: UIDs, numbers, equipment.

    `Any`, because the three constructors give each keyword a type of its own.
    """
    return {
        "series_instance_uid": series_uid(report.result_id, form.name),
        "series_number": SERIES_NUMBERS[form.role] + _SERIES_OF_A_PART * (form.part - 1),
        "sop_instance_uid": instance_uid(report.result_id, form.name),
        "instance_number": 1,
        "manufacturer": equipment.manufacturer,
        "manufacturer_model_name": equipment.model_name,
        "software_versions": _software_versions(report.card, equipment),
        "device_serial_number": equipment.device_serial_number,
        "series_description": series_description(report, source, form),
        "specific_character_set": CHARACTER_SET,
        "coding_schemes": None
        if form.role is Role.SC
        else [private_scheme()],  # a picture has no codes
    }


def series_description(report: Report, source: SourceHeader, form: Form) -> str:
    """Series Description (0008,103E): research, of which scan, what it is, by which algorithm.

    One study may hold several results of an algorithm, as of stress and rest: the state comes
    early, for lists of series show some twenty characters, and the number of the source's series
    tells apart what no state does.
    """
    part = f" {form.part} of {form.parts}" if form.parts > 1 else ""
    state, gated = _state_and_gating(report.source)
    series = " ".join(word for word in (gated, _series_number(source.dataset)) if word)
    of = f" of {series}" if series else ""
    what = f"{state} {_CONTENT_OF[form.role]}{part}{of}".lstrip()
    return short(f"{_DESCRIPTION_PREFIX}{what}: {report.card.title}")


def _series_number(source: Dataset) -> str:
    """Series Number (0020,0011), Type 2: nothing where it is empty or no number."""
    try:
        return f"series {int(source.SeriesNumber)}"
    except (AttributeError, TypeError, ValueError):
        return ""


def scan_words(source: Volume) -> str:
    """Rest or stress, and whether gated, as far as the header says; empty where it does not."""
    return " ".join(_state_and_gating(source)).strip()


def _state_and_gating(source: Volume) -> tuple[str, str]:
    if source.exam is None:
        return "", ""
    return source.exam.phase or "", "gated" if source.exam.kind is ExamKind.GATED else ""


def finish(
    dataset: Dataset, *, report: Report, equipment: Equipment, source: SourceHeader
) -> Dataset:
    """Give a fresh highdicom object what all results share; changes it and gives it back.

    highdicom stamps the time of the call in several places and copies a part of the patient and
    study modules; both are replaced, so that the object depends on the report alone.
    """
    for tag in [tag for tag in dataset.keys() if is_patient_or_study(tag)]:  # noqa: SIM118
        del dataset[tag]
    dataset.update(patient_and_study(source.dataset))
    dataset.SpecificCharacterSet = CHARACTER_SET
    _put_times(dataset, _local(report.created_at, source.dataset))
    dataset.ContentQualification = "RESEARCH"
    dataset.StationName = short(equipment.station_name, 16)
    dataset.ContributingEquipmentSequence = _contributors(report, equipment, source.dataset)
    return dataset


def put_body_part(dataset: Dataset, source: Dataset) -> None:
    """Body Part Examined (PS3.3 C.7.3.1) as in the source, where it is told."""
    if source.get("BodyPartExamined"):
        dataset.BodyPartExamined = source.BodyPartExamined


def algorithm_statements(card: AlgorithmCard) -> tuple[tuple[str, str], ...]:
    """Name and value of all that decided the result, in the order in which it is written."""
    weights = () if card.weights_sha256 is None else (("weights sha256", card.weights_sha256),)
    return (*card.parameters.items(), *weights, ("training data", card.training_data))


def _software_versions(card: AlgorithmCard, equipment: Equipment) -> list[str]:
    """Version of the node, then the algorithm with its version."""
    return [short(equipment.software_version), short(f"{card.name} {card.version}")]


def _local(moment: datetime, source: Dataset) -> datetime:
    """A moment in the time zone of the source's dates, where the source names one (0008,0201).

    All dates and times of an object are in one zone, and those of the study are copied.
    """
    try:
        zone = datetime.strptime(str(source.get("TimezoneOffsetFromUTC", "")), "%z").tzinfo
    except ValueError:
        return moment
    return moment.astimezone(zone)


def _put_times(dataset: Dataset, moment: datetime) -> None:
    """Creation, content and series time of the object."""
    date, time = moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")
    for name in ("InstanceCreation", "Content", "Series"):
        setattr(dataset, f"{name}Date", date)
        setattr(dataset, f"{name}Time", time)


def _contributors(report: Report, equipment: Equipment, source: Dataset) -> list[Dataset]:
    """Items of Contributing Equipment Sequence (0018,A001): the scanner, then this node."""
    node = _contributor(PROCESSING_EQUIPMENT)
    node.Manufacturer = equipment.manufacturer
    node.ManufacturerModelName = equipment.model_name
    node.DeviceSerialNumber = equipment.device_serial_number
    node.StationName = short(equipment.station_name, 16)
    node.SoftwareVersions = _software_versions(report.card, equipment)
    node.ContributionDateTime = report.created_at.strftime("%Y%m%d%H%M%S%z")
    node.ContributionDescription = _contribution(report.card)
    return [node] if not source.get("Manufacturer") else [_scanner(source), node]


def _contributor(purpose: Code) -> Dataset:
    """Item with its purpose; Manufacturer is Type 1 and is set by the caller."""
    item = Dataset()
    item.PurposeOfReferenceCodeSequence = [concept(purpose)]
    return item


def _scanner(source: Dataset) -> Dataset:
    """Equipment that acquired the source."""
    item = _contributor(ACQUISITION_EQUIPMENT)
    for keyword in _SCANNER_KEYWORDS:
        if source.get(keyword):
            item.add(utf8_copy(source[keyword]))
    item.ContributionDescription = "Equipment that acquired the source images"
    return item


def _contribution(card: AlgorithmCard) -> str:
    """What this node did, as Contribution Description (0018,A003), ST."""
    statements = "; ".join(f"{name} = {value}" for name, value in algorithm_statements(card))
    return short(f"{RESEARCH_ONLY}. {card.name} {card.version}; {statements}", _ST_CHARACTERS)

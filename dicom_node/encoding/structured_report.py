"""The measurements of a result as Comprehensive 3D SRs, TID 1500: a report, and outlines."""

from collections.abc import Iterable, Sequence

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from dicom_node.domain.coding import Code
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.series import Instance
from dicom_node.encoding.codes import (
    DEVICE,
    IMAGING_MEASUREMENT_REPORT,
    PROCEDURES,
    REPORT_TITLES,
    concept,
)
from dicom_node.encoding.forms import Form
from dicom_node.encoding.measurement_groups import Group, measurement_groups
from dicom_node.encoding.outline_groups import outline_groups
from dicom_node.encoding.parts import WrittenPart
from dicom_node.encoding.patient_study import nobody
from dicom_node.encoding.provenance import RESEARCH_ONLY, finish, identity
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.uids import Role, derived_uid, instance_uid, series_uid


def build_structured_report(
    report: Report,
    written: Sequence[WrittenPart],
    equipment: Equipment,
    source: SourceHeader,
    form: Form,
) -> Dataset:
    """Complete, unverified, preliminary report: of everything, or of the outlines alone.

    No image library (TID 1600): the evidence names every instance, and a library repeats the
    header of each one that it lists.

    Parameters
    ----------
    written : sequence of WrittenPart
        The SEGs of the same result.
    form : Form
        Whether it is the report, or the measurements that viewers draw.
    """
    if source.modality not in PROCEDURES:
        allowed = ", ".join(PROCEDURES)
        raise EncodingFailed(f"Modality of the source is {source.modality}; allowed: {allowed}")
    groups, title = _content(report, written, form, source.modality)
    content = MeasurementReport(
        observation_context=_observer(equipment),
        procedure_reported=concept(PROCEDURES[source.modality]),
        imaging_measurements=groups,
        title=concept(title),
    )
    made = Comprehensive3DSR(
        evidence=_evidence(report, written),
        content=content[0],
        is_complete=True,
        is_verified=False,
        is_final=False,
        previous_versions=_previous(report),
        **identity(report, equipment, form),
    )
    _separate(made)
    return finish(made, report=report, equipment=equipment, source=source)


def _previous(report: Report) -> list[Dataset] | None:
    """The report that this one takes the place of (Predecessor Documents Sequence (0040,A360))."""
    if report.predecessor is None:
        return None
    item = Dataset()
    item.SOPClassUID = Comprehensive3DSRStorage
    item.SOPInstanceUID = instance_uid(report.predecessor, Role.SR)
    item.StudyInstanceUID = report.source_instances[0].key.study_instance_uid
    item.SeriesInstanceUID = series_uid(report.predecessor, Role.SR)
    return [item]


def _content(
    report: Report, written: Sequence[WrittenPart], form: Form, modality: str
) -> tuple[list[Group], Code]:
    """Measurement groups and title of a report."""
    if form.role is Role.MEASUREMENTS:
        return outline_groups(report, written, form.tracking), IMAGING_MEASUREMENT_REPORT
    return measurement_groups(report, written), REPORT_TITLES[modality]


def _observer(equipment: Equipment) -> ObservationContext:
    """The node as a device observer (TID 1004)."""
    return ObservationContext(
        observer_device_context=ObserverContext(
            observer_type=concept(DEVICE),
            observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
                uid=derived_uid("device", equipment.device_serial_number, equipment.station_name),
                name=f"{equipment.station_name}: {RESEARCH_ONLY}",
                manufacturer_name=equipment.manufacturer,
                model_name=equipment.model_name,
                serial_number=equipment.device_serial_number,
            ),
        )
    )


def _evidence(report: Report, written: Sequence[WrittenPart]) -> list[Dataset]:
    """Every instance that the report rests on: the source, its companions, the SEGs.

    Made of the UIDs alone, for the files need not be read.
    """
    instances: Iterable[Instance] = (*report.source_instances, *report.companions)
    return [*(_named(one) for one in instances), *(part.dataset for part in written)]


def _named(instance: Instance) -> Dataset:
    """The UIDs of an instance; the patient and study are filled in by `finish`."""
    item = nobody()
    item.SOPClassUID = instance.sop_class_uid
    item.SOPInstanceUID = instance.sop_instance_uid
    item.StudyInstanceUID = instance.key.study_instance_uid
    item.SeriesInstanceUID = instance.key.series_instance_uid
    return item


def _separate(item: Dataset) -> None:
    """Make all containers SEPARATE: viewers then show one line per content item."""
    if item.ValueType == "CONTAINER":
        item.ContinuityOfContent = "SEPARATE"
        for child in item.get("ContentSequence", ()):
            _separate(child)

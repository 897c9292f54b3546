"""The measurements of a result as a Comprehensive 3D SR, TID 1500."""

from collections.abc import Iterable

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom.dataset import Dataset

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.series import Instance
from dicom_node.encoding.codes import (
    DEVICE,
    IMAGING_MEASUREMENT_REPORT,
    PET_MEASUREMENT_REPORT,
    PROCEDURES,
    concept,
)
from dicom_node.encoding.measurement_groups import measurement_groups
from dicom_node.encoding.patient_study import nobody
from dicom_node.encoding.provenance import RESEARCH_ONLY, finish, identity
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.uids import Role, derived_uid


def build_structured_report(
    report: Report, segmentation: Dataset | None, equipment: Equipment, source: SourceHeader
) -> Dataset:
    """Complete, unverified, preliminary report of all measurements.

    No image library (TID 1600): the evidence names every instance, and a library repeats the
    header of each one that it lists.

    Parameters
    ----------
    segmentation : pydicom.Dataset or None
        The SEG of the same result.
    """
    if source.modality not in PROCEDURES:
        allowed = ", ".join(PROCEDURES)
        raise EncodingFailed(f"Modality of the source is {source.modality}; allowed: {allowed}")
    content = MeasurementReport(
        observation_context=_observer(equipment),
        procedure_reported=concept(PROCEDURES[source.modality]),
        imaging_measurements=measurement_groups(report, segmentation),
        title=concept(
            PET_MEASUREMENT_REPORT if source.modality == "PT" else IMAGING_MEASUREMENT_REPORT
        ),
    )
    made = Comprehensive3DSR(
        evidence=_evidence(report, segmentation),
        content=content[0],
        is_complete=True,
        is_verified=False,
        is_final=False,
        **identity(report, equipment, Role.SR),
    )
    _separate(made)
    return finish(made, report=report, equipment=equipment, source=source)


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


def _evidence(report: Report, segmentation: Dataset | None) -> list[Dataset]:
    """Every instance that the report rests on: the source, its companions, the SEG.

    Made of the UIDs alone, for the files need not be read.
    """
    instances: Iterable[Instance] = (*report.source_instances, *report.companions)
    evidence = [_named(one) for one in instances]
    return evidence if segmentation is None else [*evidence, segmentation]


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

"""A domain Series by keyword, for tests of decisions that read no file."""

from pathlib import Path

from dicom_node.domain.series import Exam, ExamKind, Instance, Series, SeriesKey
from dicom_node.domain.tracer import TracerFinding

PET_CLASS = "1.2.840.10008.5.1.4.1.1.128"


def made_series(
    *,
    modality: str,
    found: int = 1,
    expected: int | None = None,
    fault: str | None = None,
    gap: bool = False,
    stacked: bool = True,
    uid: str = "1.2.3",
    study: str = "1.2",
    tracer: str | None = None,
    radionuclide: str | None = None,
    conflict: str | None = None,
    kind: ExamKind = ExamKind.STATIC,
    attenuation_corrected: bool | None = True,
    original: bool | None = True,
    phase: str | None = None,
    frame: str | None = "1.9",
    **fields: object,
) -> Series:
    key = SeriesKey(study_instance_uid=study, series_instance_uid=uid)
    instances = tuple(
        Instance(
            key=key,
            sop_class_uid=PET_CLASS,
            sop_instance_uid=f"{uid}.{number}",
            path=Path(f"/nowhere/{uid}.{number}.dcm"),
        )
        for number in range(found)
    )
    return Series(
        key=key,
        modality=modality,
        sop_class_uid=PET_CLASS,
        tracer=TracerFinding(
            tracer=tracer, evidence="made up", radionuclide=radionuclide, conflict=conflict
        ),
        exam=Exam(
            kind=kind, attenuation_corrected=attenuation_corrected, original=original, phase=phase
        ),
        instances=instances,
        expected_instances=expected,
        geometry_fault=fault,
        gap=gap,
        stacked=stacked,
        slices=found,
        frame_of_reference_uid=frame,
        **fields,  # type: ignore[arg-type]  # fields of Series by keyword
    )

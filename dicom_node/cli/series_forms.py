"""The part of the `--json` contract that tells of series, in `explain` and `run`."""

from collections.abc import Sequence

from dicom_node.cli.json_forms import Json, unreadable_form
from dicom_node.domain.volume import UnitProvenance
from dicom_node.explanation import SeriesExplanation
from dicom_node.reading.folder import FolderReading


def explanation_form(
    explained: Sequence[SeriesExplanation], reading: FolderReading
) -> dict[str, Json]:
    """What `explain` answers; `run` adds its jobs."""
    return {
        "series": [series_form(one) for one in explained],
        "unreadable": unreadable_form(reading.unreadable),
        "copies": list(reading.copies),
    }


def series_form(one: SeriesExplanation) -> dict[str, Json]:
    """One element of `series` of `explain` and `run`."""
    series, tracer = one.series, one.series.tracer
    return {
        "series_instance_uid": series.key.series_instance_uid,
        "study_instance_uid": series.key.study_instance_uid,
        "modality": series.modality,
        "sop_class_uid": series.sop_class_uid,
        "description": series.description,
        "tracer": tracer.tracer,
        "tracer_evidence": tracer.conflict or tracer.evidence,
        "radionuclide": tracer.radionuclide,
        "exam": str(series.exam.kind),
        "phase": series.exam.phase,
        "attenuation_corrected": series.exam.attenuation_corrected,
        "instances": len(series.instances),
        "expected_instances": series.expected_instances,
        "complete": one.complete,
        "slices": series.slices,
        "unit": series.unit,
        "suvbw_factor": suv_factor(one.suv),
        "suv_rule": None if one.suv is None else one.suv.rule,
        "suv_values": {} if one.suv is None else dict(one.suv.values),
        "uptake_time_min": one.uptake_time_min,
        "warnings": list(one.warnings),
        "routes": list(one.routes),
        "reasons": [{"code": reason.code, "message": reason.message} for reason in one.reasons],
    }


def suv_factor(suv: UnitProvenance | None) -> float | list[Json] | None:
    """One number, or one per instance in order of position, or None."""
    if suv is None or not suv.factors:
        return None
    return suv.factors[0] if len(suv.factors) == 1 else list(suv.factors)

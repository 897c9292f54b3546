"""Which earlier series of a patient a later one is compared with."""

from collections.abc import Sequence
from datetime import timedelta

from dicom_node.domain.route import CompanionRule, PriorPick, PriorRule
from dicom_node.domain.series import ExamKind, Series


def find_prior(
    primary: Series, candidates: Sequence[Series], rule: CompanionRule, prior: PriorRule
) -> Series | None:
    """Earlier series that a rule asks for: of the newest or oldest study that has a fitting one.

    Of several in one study that with the description of the primary series, then the one with most
    slices. One of another patient, of an unknown time, with another attenuation correction, a
    projection, a secondary image or our own result is none.
    """
    fitting = [one for one in candidates if _fits(primary, one, rule, prior)]
    sign = 1 if prior.pick is PriorPick.NEWEST else -1
    fitting.sort(
        key=lambda one: (
            sign * _days_before(primary, one),
            one.description.casefold() != primary.description.casefold(),
            -one.slices,
            one.key.series_instance_uid,
        )
    )
    return fitting[0] if fitting else None


def _fits(primary: Series, candidate: Series, rule: CompanionRule, prior: PriorRule) -> bool:
    tracer = candidate.tracer.tracer
    return (
        candidate.modality == rule.modality
        and candidate.key.study_instance_uid != primary.key.study_instance_uid
        and candidate.patient_digest == primary.patient_digest
        and _in_time(primary, candidate, prior)
        and (not prior.same_tracer or (tracer is not None and tracer == primary.tracer.tracer))
        and candidate.tracer.conflict is None
        and (rule.phase is None or candidate.exam.phase == rule.phase)
        and candidate.exam.attenuation_corrected == primary.exam.attenuation_corrected
        and candidate.exam.kind is not ExamKind.PROJECTION
        and candidate.exam.original is not False
        and candidate.geometry_fault is None
        and not candidate.own_result
    )


def _in_time(primary: Series, candidate: Series, prior: PriorRule) -> bool:
    if primary.acquired_at is None or candidate.acquired_at is None:
        return False
    before = primary.acquired_at - candidate.acquired_at
    return timedelta(days=prior.from_days) <= before <= timedelta(days=prior.within_days)


def _days_before(primary: Series, candidate: Series) -> int:
    """Whole days, so that series of one study count as of one time."""
    assert primary.acquired_at is not None
    assert candidate.acquired_at is not None
    return (primary.acquired_at.date() - candidate.acquired_at.date()).days

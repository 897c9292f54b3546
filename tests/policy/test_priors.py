"""Which earlier series of a patient a job is given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from made_series import made_series

from dicom_node.domain.route import CompanionRule, PriorPick, PriorRule
from dicom_node.domain.series import Series
from dicom_node.policy.routing import find_companion

TODAY = datetime(2026, 5, 20, 10, 30, tzinfo=UTC)
RULE = CompanionRule(modality="PT", prior=PriorRule())


def pet(days_before: float, *, study: str = "7", uid: str = "7.1", **changes: object) -> Series:
    fields: dict[str, object] = {
        "modality": "PT",
        "found": 3,
        "tracer": "FDG",
        "study": study,
        "uid": uid,
        "patient_digest": "p",
        "acquired_at": TODAY - timedelta(days=days_before),
    }
    return made_series(**(fields | changes))  # type: ignore[arg-type]  # fields by keyword


PRIMARY = pet(0, study="1.2", uid="1.2.3")


def test_the_newest_or_the_oldest_study_is_taken_as_the_rule_says():
    newer, older = pet(30), pet(200, study="8", uid="8.1")
    assert find_companion(PRIMARY, [older, newer], RULE) is newer
    oldest = replace(RULE, prior=PriorRule(pick=PriorPick.OLDEST))
    assert find_companion(PRIMARY, [older, newer], oldest) is older


def test_of_one_study_the_series_with_the_same_description_comes_first():
    alike = pet(30, description="WB AC", found=2)
    larger = pet(30, uid="7.2", description="WB AC HD", found=9)
    primary = replace(PRIMARY, description="wb ac")
    assert find_companion(primary, [larger, alike], RULE) is alike
    assert find_companion(PRIMARY, [larger, alike], RULE) is larger


@pytest.mark.parametrize(
    "changes",
    [
        {"patient_digest": "somebody else"},
        {"modality": "CT"},
        {"tracer": "PSMA"},
        {"tracer": None},
        {"attenuation_corrected": False},
        {"study": "1.2"},
        {"days_before": 0.5},
        {"days_before": 400},
        {"days_before": -30},
        {"acquired_at": None},
        {"own_result": True},
        {"fault": "a gap", "gap": True},
        {"original": False},
    ],
    ids=str,
)
def test_what_is_no_prior_is_not_taken(changes):
    given = {"days_before": 30} | changes
    assert find_companion(PRIMARY, [pet(**given)], RULE) is None


def test_another_tracer_is_taken_where_the_rule_allows_it():
    any_tracer = replace(RULE, prior=PriorRule(same_tracer=False))
    assert find_companion(PRIMARY, [pet(30, tracer="PSMA")], any_tracer) is not None


def test_without_a_time_of_its_own_a_series_has_no_prior():
    assert find_companion(replace(PRIMARY, acquired_at=None), [pet(30)], RULE) is None


def test_a_prior_of_no_span_of_time_is_a_mistake():
    with pytest.raises(ValueError, match="from_days"):
        PriorRule(from_days=10, within_days=5)

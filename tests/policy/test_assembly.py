"""When is a series complete? Evidence first, silence only where there is none."""

from datetime import UTC, datetime, timedelta

import pytest
from made_series import made_series

from dicom_node.domain.rules import AssemblyRules
from dicom_node.policy.assembly import Assembly, judge_completeness, why_no_volume

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RULES = AssemblyRules(settle_s=1.0, quiet_s=60.0)


def verdict(series, *, silence_s, sender_active=False):
    return judge_completeness(
        series,
        last_received_at=NOW - timedelta(seconds=silence_s),
        sender_active=sender_active,
        now=NOW,
        rules=RULES,
    ).state


def test_a_promised_number_of_instances_decides_at_once():
    pet = made_series(modality="PT", found=135, expected=135)
    assert verdict(pet, silence_s=0.0, sender_active=True) is Assembly.COMPLETE


def test_a_pet_with_a_slice_missing_is_waited_for_and_then_given_up():
    pet = made_series(
        modality="PT", found=134, expected=135, fault="gap at z = -412.5 mm", gap=True
    )
    assert verdict(pet, silence_s=59.9) is Assembly.RECEIVING
    assert verdict(pet, silence_s=60.0) is Assembly.INCOMPLETE


def test_the_verdict_on_an_incomplete_series_names_the_count_and_the_gap():
    pet = made_series(
        modality="PT", found=134, expected=135, fault="gap at z = -412.5 mm", gap=True
    )
    said = judge_completeness(
        pet, last_received_at=NOW, sender_active=False, now=NOW, rules=RULES
    ).evidence
    assert said == "134 of 135 instances; gap at z = -412.5 mm"


@pytest.mark.parametrize(
    ("silence_s", "sender_active", "state"),
    [
        (0.5, False, Assembly.RECEIVING),
        (1.0, False, Assembly.COMPLETE),
        (30.0, True, Assembly.RECEIVING),  # a slow sender that has not gone on to other series
        (60.0, True, Assembly.COMPLETE),
    ],
)
def test_a_gap_free_stack_counts_when_its_sender_is_through(silence_s, sender_active, state):
    ct = made_series(modality="CT", found=200)
    assert verdict(ct, silence_s=silence_s, sender_active=sender_active) is state


def test_a_stack_with_a_gap_is_no_evidence_and_is_given_up_after_the_quiet_time():
    ct = made_series(modality="CT", found=199, fault="gap at z = 3 mm", gap=True)
    assert verdict(ct, silence_s=59.0) is Assembly.RECEIVING
    assert verdict(ct, silence_s=61.0) is Assembly.INCOMPLETE


def test_without_any_evidence_only_silence_decides():
    other = made_series(modality="OT", found=3, stacked=False)
    assert verdict(other, silence_s=59.0) is Assembly.RECEIVING
    assert verdict(other, silence_s=60.0) is Assembly.COMPLETE


def test_a_complete_series_with_duplicate_positions_is_no_volume_by_name():
    pet = made_series(modality="PT", found=2, expected=2, fault="2 slices at z = 0 mm")
    reason = why_no_volume(pet)
    assert reason is not None
    assert (reason.code, reason.message) == ("inconsistent-geometry", "2 slices at z = 0 mm")
    assert why_no_volume(made_series(modality="PT", found=2, expected=2)) is None

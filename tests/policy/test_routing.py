"""Who gets a series, and the reason for every no."""

import pytest
from made_series import made_series

from dicom_node.domain.route import CompanionRule, Condition, Route
from dicom_node.domain.series import ExamKind
from dicom_node.policy.routing import Arrived, decide_routes, find_companion, mismatches


def route(name="r", *, fallback=False, **when):
    return Route(
        name=name,
        algorithm="pet-threshold",
        destinations=(),
        when=Condition(**when),
        fallback=fallback,
    )


def names(series, *routes, **came):
    decision = decide_routes(Arrived(series=series, **came), routes)
    return [one.name for one in decision.routes]


def codes(series, *routes):
    return [one.code for one in decide_routes(Arrived(series=series), routes).reasons]


PET = made_series(modality="PT", found=60, tracer="FDG", unit="BQML", description="WB AC")


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ({"modality": ("PT",)}, True),
        ({"modality": ("NM",)}, False),
        ({"tracer": ("fdg", "PSMA-11")}, True),
        ({"tracer": ("PSMA-11",)}, False),
        ({"exam": ("static", "whole-body")}, True),
        ({"exam": ("gated",)}, False),
        ({"unit": ("bqml",)}, True),
        ({"description_contains": ("ac",)}, True),
        ({"description_contains": ("brain",)}, False),
        ({"attenuation_corrected": True}, True),
        ({"attenuation_corrected": False}, False),
        ({"min_slices": 60}, True),
        ({"min_slices": 61}, False),
        ({"max_slices": 59}, False),
        ({"called_ae": ("NODE",)}, True),
        ({"called_ae": ("OTHER",)}, False),
        ({"calling_ae": ("SCANNER",)}, True),
        ({"modality": ("PT",), "tracer": ("PSMA-11",)}, False),
        ({"image_type": ("ORIGINAL", "PRIMARY")}, True),
        ({"image_type": ("ORIGINAL", "MIP")}, False),
    ],
)
def test_every_condition_matches_and_refuses(when, matches):
    arrived = Arrived(
        series=made_series(
            modality="PT",
            found=60,
            tracer="FDG",
            unit="BQML",
            description="WB AC",
            image_type=("ORIGINAL", "PRIMARY"),
        ),
        called_aes=("NODE",),
        calling_aes=("SCANNER",),
    )
    assert (list(mismatches(arrived, Condition(**when))) == []) is matches


@pytest.mark.parametrize(
    "when",
    [
        {"tracer": ("FDG",)},
        {"phase": ("rest",)},
        {"body_part": ("HEART",)},
        {"station_name": ("PET1",)},
        {"unit": ("BQML",)},
        {"called_ae": ("NODE",)},
        {"attenuation_corrected": True},
        {"attenuation_corrected": False},
        {"original": True},
    ],
)
def test_an_attribute_that_the_series_does_not_have_is_no_match(when):
    bare = made_series(modality="PT", attenuation_corrected=None, original=None)
    assert names(bare, route(**when)) == []


def test_every_matching_route_runs_and_a_fallback_only_alone():
    one, two = route("one", modality=("PT",)), route("two", tracer=("FDG",))
    rest = route("rest", fallback=True, modality=("PT",))
    assert names(PET, one, two, rest) == ["one", "two"]
    assert names(PET, route("nm", modality=("NM",)), rest) == ["rest"]


def test_each_route_that_does_not_match_says_why():
    decision = decide_routes(
        Arrived(series=PET), [route("psma", tracer=("PSMA-11",)), route("nm", modality=("NM",))]
    )
    assert [one.message for one in decision.reasons] == [
        "route psma: tracer is FDG, asked is PSMA-11",
        "route nm: modality is PT, asked is NM",
    ]


@pytest.mark.parametrize(
    ("series", "code"),
    [
        (made_series(modality="PT", own_result=True), "own-result"),
        (made_series(modality="SR"), "not-an-input"),
        (made_series(modality=""), "not-an-input"),
        (made_series(modality="CT", kind=ExamKind.PROJECTION), "projection"),
        (made_series(modality="PT", conflict="text FDG, half-life 4062 s"), "conflicting-tracer"),
        (made_series(modality="PT", radionuclide="Ge-68"), "phantom"),
    ],
)
def test_some_series_start_nothing_whatever_the_routes_say(series, code):
    anything = route()
    assert names(series, anything) == []
    assert codes(series, anything) == [code]


def test_without_routes_the_reason_is_that_there_is_none():
    assert codes(PET) == ["no-route"]


CT = {"modality": "CT", "uid": "1.2.4"}


def test_a_pet_finds_its_ct_by_frame_of_reference():
    rule = CompanionRule(modality="CT")
    near = made_series(**CT, found=3, frame="1.9")
    far = made_series(modality="CT", uid="1.2.5", found=300, frame="1.8")
    assert find_companion(PET, [far, near], rule) is near
    assert find_companion(PET, [far], rule) is None
    assert find_companion(PET, [far], CompanionRule(modality="CT", same_frame_of_reference=False))


def test_of_several_companions_the_one_with_most_slices_is_taken():
    small, large = made_series(**CT, found=3), made_series(modality="CT", uid="1.2.5", found=9)
    assert find_companion(PET, [small, large], CompanionRule(modality="CT")) is large


@pytest.mark.parametrize(
    "wrong",
    [
        {"study": "9.9"},
        {"patient_digest": "somebody else"},
        {"kind": ExamKind.PROJECTION},
        {"original": False},
        {"fault": "gap at z = 3 mm"},
        {"own_result": True},
        {"frame": None},
    ],
)
def test_a_companion_of_another_patient_or_no_volume_is_none(wrong):
    assert find_companion(PET, [made_series(**CT, **wrong)], CompanionRule(modality="CT")) is None


def nm(uid, phase, *, kind=ExamKind.GATED, **fields):
    return made_series(modality="NM", uid=uid, tracer="SESTAMIBI", phase=phase, kind=kind, **fields)


def test_a_stress_scan_finds_the_rest_scan_that_was_made_like_it():
    rule = CompanionRule(modality="NM", phase="rest", same_frame_of_reference=False)
    stress = nm("1.3.1", "stress")
    other_stress = nm("1.3.2", "stress")
    planar = nm("1.3.3", "rest", kind=ExamKind.PLANAR, found=900)
    still = nm("1.3.4", "rest", kind=ExamKind.STATIC, found=60)
    gated = nm("1.3.5", "rest", found=9)
    assert find_companion(stress, [other_stress, planar], rule) is None
    assert find_companion(stress, [planar, still], rule) is still
    assert find_companion(stress, [planar, still, gated], rule) is gated

"""Published categories at their limits, and every condition of comparison by name."""

from dataclasses import replace

import numpy as np
import pytest
from phantoms import sphere
from two_days import DAYS, FACTS
from volumes import grid, places, volume, with_spheres

from algorithms.response import SPEC, configure
from algorithms.response.checks import Check, Liver, Weight, findings
from algorithms.response.criteria import Percist, PercistInput, Recip, percist_of, recip_of
from dicom_node.domain.coding import Unit
from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.errors import AlgorithmFailed, ConfigError, NotCalibrated, NotComparable
from dicom_node.domain.result import Region
from dicom_node.domain.series import SeriesKey
from dicom_node.domain.volume import FrameSource, PatientFacts

GRID = grid((24, 24, 24), spacing_mm=(4, 4, 4))
MAN = PatientFacts(weight_kg=80.0, size_m=1.8, sex="M")
SAME = Liver(before=2.0, now=2.1, in_sul=True)
BASE = PercistInput(
    peak_before=6.0,
    peak_now=6.0,
    threshold=3.0,
    liver_now=2.0,
    new_lesions=0,
    tlg_before=100.0,
    tlg_now=100.0,
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Percist.SMD),
        ({"peak_now": 4.2}, Percist.PMR),
        ({"peak_now": 4.3}, Percist.SMD),
        ({"peak_before": 2.6, "threshold": 2.5, "peak_now": 1.81, "liver_now": 1.5}, Percist.SMD),
        ({"peak_now": 1.9}, Percist.CMR),
        ({"peak_now": None}, Percist.CMR),
        ({"peak_now": 7.8}, Percist.PMD),
        ({"peak_now": 7.7}, Percist.SMD),
        ({"tlg_now": 175.0}, Percist.PMD),
        ({"tlg_now": 174.0}, Percist.SMD),
        ({"tlg_now": 175.0, "peak_now": 5.9}, Percist.SMD),
        ({"peak_now": 1.9, "new_lesions": 1}, Percist.PMD),
        ({"peak_before": 2.9}, None),
        ({"peak_before": None}, None),
    ],
)
def test_percist_changes_category_at_its_limits(change, expected):
    """30 % and 0.8 SUL both, below the liver, TLG +75 % without a fall, new lesions, measurable."""
    assert percist_of(replace(BASE, **change))[0] is expected


@pytest.mark.parametrize(
    ("now", "new", "expected"),
    [
        (0.0, 0, Recip.CR),
        (70.0, 0, Recip.PR),
        (71.0, 0, Recip.SD),
        (70.0, 1, Recip.SD),
        (119.0, 1, Recip.SD),
        (120.0, 1, Recip.PD),
        (200.0, 0, Recip.SD),
    ],
)
def test_recip_changes_category_at_its_limits(now, new, expected):
    """A fall of 30 % and nothing new, or a rise of 20 % and something new."""
    assert recip_of(volume_before=100.0, volume_now=now, new_lesions=new)[0] is expected


def test_recip_needs_a_volume_to_compare_with():
    with pytest.raises(ValueError, match="more than 0"):
        recip_of(volume_before=0.0, volume_now=1.0, new_lesions=1)


def pet(number, *, tracer="FDG", facts=FACTS, patient=MAN, at=None, geometry=GRID, **given):
    image = with_spheres(geometry, ((0, 0, 0), 14, 8.0))
    return volume(
        image,
        geometry,
        tracer=tracer,
        patient=patient,
        acquisition=facts,
        acquired_at=DAYS[number] if at is None else at,
        **given,
    )


def refusals(before, now, liver=SAME):
    return {f.check for f in findings(before, now, liver) if f.weight is Weight.REFUSES}


def test_a_pair_that_was_made_alike_has_nothing_to_be_told():
    assert findings(pet(0), pet(1), SAME) == ()


@pytest.mark.parametrize(
    ("now", "check"),
    [
        ({"facts": replace(FACTS, patient_digest="fedcba9876543210")}, Check.PATIENT),
        ({"patient": replace(MAN, sex="F")}, Check.PATIENT),
        ({"patient": replace(MAN, size_m=1.7)}, Check.BODY),
        ({"tracer": "PSMA-11"}, Check.TRACER),
        ({"tracer": None}, Check.TRACER),
        ({"at": DAYS[0]}, Check.ORDER),
        ({"facts": replace(FACTS, uptake_min=76.0)}, Check.UPTAKE),
        ({"facts": replace(FACTS, uptake_min=49.0)}, Check.UPTAKE),
        ({"facts": replace(FACTS, injected_mbq=365.0)}, Check.DOSE),
        ({"facts": replace(FACTS, scanner="Maker Two")}, Check.SCANNER),
        ({"facts": replace(FACTS, reconstruction="TOF")}, Check.RECONSTRUCTION),
    ],
)
def test_each_condition_that_does_not_hold_refuses_by_its_name(now, check):
    assert refusals(pet(0), pet(1, **now)) == {check}


@pytest.mark.parametrize("now", [2.45, 1.55])
def test_another_liver_refuses_an_fdg_pair_and_no_psma_pair(now):
    liver = Liver(before=2.0, now=now, in_sul=True)
    assert refusals(pet(0), pet(1), liver) == {Check.LIVER}
    psma = {"tracer": "PSMA-11"}
    assert refusals(pet(0, **psma), pet(1, **psma), liver) == set()


def test_the_limit_of_0_3_holds_for_sul_only():
    of_suv = Liver(before=2.0, now=2.35, in_sul=False)
    assert refusals(pet(0), pet(1), of_suv) == set()
    assert refusals(pet(0), pet(1), replace(of_suv, in_sul=True)) == {Check.LIVER}


def test_what_headers_do_not_tell_is_said_and_refuses_nothing():
    bare = replace(FACTS, scanner=None, reconstruction=None, injected_mbq=None, uptake_min=None)
    noticed = findings(pet(0, facts=bare), pet(1), Liver(before=None, now=2.0, in_sul=True))
    assert {f.check for f in noticed} == {
        Check.UPTAKE,
        Check.DOSE,
        Check.SCANNER,
        Check.RECONSTRUCTION,
        Check.LIVER,
    }
    assert all(f.weight is Weight.WARNS for f in noticed)


def drawn(geometry=GRID):
    mask = sphere(places(geometry), centre_mm=(0, 0, 0), radius_mm=14)
    return ContourSet(
        contours=(Contour(number=1, label="L1", region=Region.from_mask(mask)),),
        geometry=geometry,
        source=FrameSource(sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4", sop_instance_uid="1.9"),
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.8"),
    )


def compare(before, now, spec=SPEC):
    contours = {"pet": drawn(now.geometry), "prior": drawn(before.geometry)}
    return spec.load_comparing()({"pet": now, "prior": before}, contours)


def test_a_refused_pair_names_every_reason():
    other = replace(FACTS, scanner="Maker Two", uptake_min=90.0)
    with pytest.raises(NotComparable) as refusal:
        compare(pet(0), pet(1, facts=other))
    text = str(refusal.value)
    assert refusal.value.code == "not-comparable"
    assert "uptake-time: 60 min and 90 min differ by more than 15 min" in text
    assert "scanner: 'Maker One' and 'Maker Two' differ" in text


def test_a_site_may_accept_another_scanner_and_its_results_say_so():
    site = configure({"accept": "scanner reconstruction"})
    result = compare(pet(0), pet(1, facts=replace(FACTS, scanner="Maker Two")), site)
    assert any("accepted by the site" in warning for warning in result.warnings)
    assert site.card.version.startswith(f"{SPEC.card.version}+accept.")
    with pytest.raises(NotComparable, match="uptake-time"):
        compare(pet(0), pet(1, facts=replace(FACTS, uptake_min=90.0)), site)


@pytest.mark.parametrize("options", [{"accept": "patient"}, {"accept": ""}, {"limit": "1"}])
def test_what_makes_nonsense_of_a_change_cannot_be_accepted(options):
    with pytest.raises(ConfigError, match="accept"):
        configure(options)


def test_without_a_liver_or_a_size_there_is_no_percist_category_and_that_is_said():
    result = compare(pet(0, patient=None), pet(1, patient=None))
    assert result.classifications == ()
    assert "No PERCIST category" in result.warnings[0]


def test_another_tracer_has_changes_and_no_category():
    result = compare(pet(0, tracer="FET"), pet(1, tracer="FET"))
    assert result.classifications == ()
    assert result.warnings[0].startswith("No response criteria are known for FET")
    assert {m.label: m.value for m in result.measurements_of(None)}["Total volume change"] == 0


def test_a_pet_without_suv_is_refused_by_its_role():
    with pytest.raises(NotCalibrated, match="prior"):
        compare(pet(0, unit=Unit.BQML), pet(1))


def test_it_draws_nothing_itself():
    assert SPEC.lacks
    with pytest.raises(AlgorithmFailed, match="draws none itself"):
        SPEC.load()
    assert np.all([not spec.tracers for spec in SPEC.inputs])

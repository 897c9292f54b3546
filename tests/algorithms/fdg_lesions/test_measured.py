"""A contour gives every number of FDG lesions without a network; what cannot be had is told."""

import dataclasses

import numpy as np
import pytest
from volumes import volume

from algorithms.fdg_lesions.measured import NO_BODY, measured
from algorithms.fdg_lesions.vocabulary import DEAUVILLE
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.lesion_references import LIVER, NO_CT, NO_LIVER, THORACIC_AORTA
from algorithms.toolbox.lesions import Lesion
from algorithms.training.examples import geometry_of
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.volume import PatientFacts


@pytest.fixture(scope="module")
def study():
    patient = draw_patient(world("fdg", "usual"), 13)
    found = scan(patient, patient.plan.axes)
    plain = geometry_of(found)
    geometry = Geometry(affine=plain.affine, shape=plain.shape, frame_of_reference_uid="1.2.3")
    facts = PatientFacts(
        weight_kg=patient.habitus.weight_kg, size_m=patient.habitus.height_m, sex="M"
    )
    pet = dataclasses.replace(volume(found.suv, geometry), patient=facts)
    ct = volume(found.hounsfield, geometry, unit=Unit.HOUNSFIELD, tracer=None)
    spots = connected_regions(found.suv > 12, geometry, min_volume_ml=3)[:3]
    lesions = [
        Lesion(label=f"Contour {n}", region=region) for n, region in enumerate(spots, start=1)
    ]
    return patient, pet, ct, lesions


@pytest.fixture(scope="module")
def result(study):
    _, pet, ct, lesions = study
    return measured(pet, lesions, ct)


def values(result, segment=None):
    return {m.label: m.value for m in result.measurements_of(segment)}


def test_each_contour_has_its_uptake_volume_and_tlg(study, result):
    _, pet, _, lesions = study
    assert lesions
    for number, lesion in enumerate(lesions, start=1):
        region = lesion.region
        inside = pet.array[region.slices][region.mask]
        found = values(result, number)
        assert found["SUVmax"] == pytest.approx(inside.max())
        assert found["SUVmean"] == pytest.approx(inside.mean(), rel=1e-5)
        assert found["MTV"] == pytest.approx(region.voxels * 0.064)
        assert found["TLG"] == pytest.approx(found["SUVmean"] * found["MTV"])


def test_totals_are_of_all_contours_at_three_definitions_of_volume(study, result):
    _, _, _, lesions = study
    total = values(result)
    assert total["Number of lesions"] == len(lesions)
    parts = [values(result, n + 1) for n in range(len(lesions))]
    assert total["Total MTV"] == pytest.approx(sum(p["MTV"] for p in parts))
    assert total["Total MTV SUV>=4.0"] == pytest.approx(total["Total MTV"])
    assert total["Total MTV 41%"] > 0
    assert total["Total TLG"] == pytest.approx(sum(p["TLG"] for p in parts))


def test_references_are_visible_segments_with_the_uptake_that_was_simulated(study, result):
    patient = study[0]
    sites = {s.site: s.number for s in result.segmentation.segments if s.site is not None}
    for site, organ in ((LIVER, Organ.LIVER), (THORACIC_AORTA, Organ.BLOOD)):
        mean = values(result, sites[site])["SUVmean"]
        assert mean == pytest.approx(patient.uptake[organ], rel=0.15)


def test_highest_quotient_suggests_the_category(study, result):
    quotients = [values(result, n + 1)["qPET"] for n in range(len(study[3]))]
    (category,) = result.classifications
    assert category.name == DEAUVILLE
    assert max(quotients) > 2
    assert category.value.meaning == "Deauville 5"
    assert "suggestion" in category.explanation


def test_percist_threshold_is_in_lean_body_mass(study, result):
    sites = {s.site: s.number for s in result.segmentation.segments if s.site is not None}
    liver = values(result, sites[LIVER])
    in_suvbw = 1.5 * liver["SUVmean"] + 2 * liver["SUV SD"]
    assert 0.5 * in_suvbw < values(result)["PERCIST threshold (SULpeak)"] < in_suvbw


def test_without_ct_and_body_size_what_is_missing_is_told(study, result):
    _, pet, _, lesions = study
    found = measured(dataclasses.replace(pet, patient=None), lesions)
    assert found.warnings == (NO_CT, NO_BODY, *result.warnings)
    assert "SDmax" not in values(found)
    assert "PERCIST threshold (SULpeak)" not in values(found)


def test_without_a_liver_no_quotient_is_invented(study):
    _, pet, _, _ = study
    top = 60
    geometry = Geometry(
        affine=pet.geometry.affine, shape=(top, *pet.geometry.shape[1:]), frame_of_reference_uid="1"
    )
    legs = volume(pet.array[:top] * 0 + np.float32(0.6), geometry)
    (region,) = connected_regions(
        np.arange(legs.array.size).reshape(legs.array.shape) < 40, geometry
    )
    found = measured(legs, [Lesion(label="Contour", region=region)])
    assert NO_LIVER in found.warnings
    assert not found.classifications
    assert "qPET" not in values(found, 1)


def test_no_contour_is_a_result_with_references_and_zero_burden(study):
    _, pet, ct, _ = study
    found = measured(pet, [], ct)
    assert values(found)["Number of lesions"] == 0
    assert len(found.segmentation.segments) == 2
    assert not found.classifications


def test_pet_without_suv_is_refused_by_name(study):
    _, pet, _, lesions = study
    with pytest.raises(NotCalibrated, match="SUV"):
        measured(dataclasses.replace(pet, unit=Unit.HOUNSFIELD), lesions)

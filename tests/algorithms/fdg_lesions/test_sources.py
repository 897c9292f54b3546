"""Lesions come from contours or from the network; the scanner's matrix changes neither."""

import numpy as np
import pytest
import torch
from volumes import volume

from algorithms.fdg_lesions.measured import measured
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net import segmented
from algorithms.toolbox.lesion_net.network import NetworkShape, build
from algorithms.toolbox.lesion_net.segmented import LesionLimits, LesionNetwork
from algorithms.toolbox.lesions import automatic, drawn
from algorithms.training.examples import geometry_of
from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region
from dicom_node.domain.series import Reason, SeriesKey
from dicom_node.domain.volume import FrameSource

LIMITS = LesionLimits(least_ml=0.2, least_certainty=0.0)


@pytest.fixture(scope="module")
def pet():
    patient = draw_patient(world("fdg", "usual"), 71)
    found = scan(patient, patient.plan.axes)
    plain = geometry_of(found)
    geometry = Geometry(affine=plain.affine, shape=plain.shape, frame_of_reference_uid="1.2.3")
    return volume(found.suv, geometry)


@pytest.fixture(scope="module")
def network():
    """Untrained, but pushed toward calling what is hot a lesion."""
    torch.manual_seed(4)
    return LesionNetwork(
        net=build(NetworkShape(channels=(4, 8), residual_units=1)), device=torch.device("cpu")
    )


@pytest.fixture(scope="module")
def seen(pet, network):
    """What the network sees; frozen, and the same in every test."""
    return network(pet, None, LIMITS)


def painted(lesions, shape):
    mask = np.zeros(shape, dtype=bool)
    for region in lesions:
        region.paint(mask, True)
    return mask


def test_inbound_contours_keep_their_labels_and_give_the_numbers(pet):
    region = Region(origin=(40, 30, 30), mask=np.ones((4, 4, 4), dtype=bool))
    contours = ContourSet(
        contours=(
            Contour(number=1, label="GTV left", region=region),
            Contour(number=2, label="", region=region),
            Contour(number=3, label="nothing", absent=Reason(code="empty", message="no voxels")),
        ),
        geometry=pet.geometry,
        source=FrameSource(sop_class_uid="1.2", sop_instance_uid="1.3", frame_number=None),
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.3"),
    )
    lesions, said = drawn(contours)
    assert [one.label for one in lesions] == ["GTV left", "Contour 2"]
    assert said[-1] == "Contour 3 was not measured: no voxels."
    labels = [m.label for m in measured(pet, lesions).measurements_of(1)]
    assert {"SUVmax", "SUVmean", "SUVpeak", "MTV", "TLG"} <= set(labels)


def test_lesions_of_the_network_are_numbered_from_the_largest_on(seen):
    lesions = automatic(seen.lesions)
    sizes = [one.region.voxels for one in lesions]
    assert sizes == sorted(sizes, reverse=True)
    assert [one.label for one in lesions] == [f"Lesion {n + 1}" for n in range(len(lesions))]


def test_regions_without_a_voxel_that_is_sure_enough_are_left_out(pet, network, seen):
    some = network(pet, None, LesionLimits(least_ml=0.2, least_certainty=0.5))
    none = network(pet, None, LesionLimits(least_ml=0.2, least_certainty=1.0))
    assert len(seen.lesions) > len(some.lesions) > 0
    assert none.lesions == ()
    assert none.physiological.voxels >= seen.physiological.voxels  # what no lesion is may be that


def test_air_round_the_patient_changes_no_voxel(pet, network, seen):
    here = painted(seen.lesions, pet.geometry.shape)
    array = np.pad(pet.array, ((0, 0), (13, 21), (34, 5)))
    affine = np.array(pet.geometry.affine)
    affine[:, 3] -= 13 * affine[:, 1] + 34 * affine[:, 2]
    wide = Geometry(affine=affine, shape=array.shape, frame_of_reference_uid="1.2.3")
    there = painted(network(volume(array, wide), None, LIMITS).lesions, wide.shape)
    rows, columns = here.shape[1:]
    assert here.any()
    assert np.array_equal(there[:, 13 : 13 + rows, 34 : 34 + columns], here)
    assert there.sum() == here.sum()


def test_order_of_slices_and_columns_changes_next_to_nothing(pet, network, seen):
    here = painted(seen.lesions, pet.geometry.shape)
    affine = np.array(pet.geometry.affine)
    slices, _, columns = pet.geometry.shape
    affine[:, 3] += (slices - 1) * affine[:, 0] + (columns - 1) * affine[:, 2]
    affine[:, [0, 2]] *= -1
    turned = Geometry(affine=affine, shape=pet.geometry.shape, frame_of_reference_uid="1.2.3")
    found = network(volume(pet.array[::-1, :, ::-1], turned), None, LIMITS)
    there = painted(found.lesions, turned.shape)
    assert (there[::-1, :, ::-1] ^ here).sum() <= 0.001 * here.sum()


def test_an_empty_pet_has_no_body(network):
    geometry = Geometry(affine=np.eye(4), shape=(8, 8, 8), frame_of_reference_uid="1")
    with pytest.raises(InputRejected, match="no body"):
        network(volume(np.zeros((8, 8, 8)), geometry), None, LIMITS)


def test_classes_are_the_same_however_many_slices_are_compared_at_once(
    pet, network, seen, monkeypatch
):
    monkeypatch.setattr(segmented, "_SLAB_VOXELS", 200_000)
    thin = network(pet, None, LIMITS)
    assert np.array_equal(
        painted(seen.lesions, pet.geometry.shape), painted(thin.lesions, pet.geometry.shape)
    )
    assert seen.physiological.voxels == thin.physiological.voxels

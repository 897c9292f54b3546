"""What pet-threshold takes and refuses, and what its specification promises."""

import subprocess
import sys

import numpy as np
import pytest
from volumes import grid, value_of, volume, with_spheres

from algorithms.pet_threshold import SPEC
from algorithms.pet_threshold.candidates import Parameters
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import ConfigError, InputRejected, NotCalibrated

ALGORITHM = SPEC.load()


def run(array, geometry, **given):
    return ALGORITHM({"pet": volume(array, geometry, **given)})


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_no_number_is_refused_with_its_place(wrong):
    geometry = grid((10, 11, 12))
    image = with_spheres(geometry, ((0, 0, 0), 10, 9.0))
    image[3, 4, 5] = image[9, 0, 0] = wrong
    with pytest.raises(InputRejected, match=r"2 of 1320 voxels .* \(3, 4, 5\)"):
        run(image, geometry)


@pytest.mark.parametrize("level", [0.0, 6.0, -1.0])
def test_a_volume_that_is_the_same_everywhere_is_refused(level):
    geometry = grid((10, 11, 12))
    with pytest.raises(InputRejected, match="no image"):
        run(np.full(geometry.shape, level), geometry)


def test_another_unit_is_refused_by_name():
    geometry = grid((10, 11, 12))
    image = with_spheres(geometry, ((0, 0, 0), 10, 9.0))
    with pytest.raises(NotCalibrated, match="SUVbw"):
        run(image, geometry, unit=Unit.BQML)


def test_negative_values_are_taken_as_they_are():
    geometry = grid((24, 24, 24))
    image = with_spheres(geometry, ((0, 0, 0), 20, 9.0), background=-0.3)
    result = run(image, geometry)
    assert value_of(result, "Number of candidates") == 1
    assert value_of(result, "SUVmean", 2) == pytest.approx(9.0)


@pytest.mark.parametrize("shape", [(1, 40, 40), (3, 17, 29), (40, 1, 40), (40, 40, 1)])
def test_odd_and_thin_grids_are_measured_as_well(shape):
    geometry = grid(shape, spacing_mm=(3, 4, 4))
    result = run(with_spheres(geometry, ((0, 0, 0), 16, 9.0)), geometry)
    assert value_of(result, "Number of candidates") == 1
    assert value_of(result, "SUVpeak", 1) == pytest.approx(9.0)
    assert len(result.figures) == 3


def test_the_specification_is_light():
    """The node reads it without paying for SciPy, SimpleITK, matplotlib or torch."""
    heavy = ("scipy", "SimpleITK", "matplotlib", "torch", "monai")
    code = (
        "import sys; from algorithms.pet_threshold import SPEC; "
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_specification_says_what_the_card_says():
    assert SPEC.primary.role == "pet"
    assert SPEC.primary.unit is Unit.SUVBW
    assert not SPEC.inputs[1].required
    parameters = Parameters.from_card(SPEC.card)
    assert parameters.threshold_suvbw == 4.0
    assert parameters.fraction_of_maximum == 0.41
    assert parameters.most_candidates_outlined == 20


def test_parameters_that_cannot_be_are_refused():
    card = SPEC.card
    wrong = type(card)(
        name=card.name,
        version=card.version,
        title=card.title,
        summary=card.summary,
        training_data=card.training_data,
        parameters={**card.parameters, "fraction_of_maximum": "41"},
    )
    with pytest.raises(ConfigError, match="fraction_of_maximum"):
        Parameters.from_card(wrong)

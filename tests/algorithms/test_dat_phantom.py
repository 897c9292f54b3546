"""A published head of a known ratio through dat-spect: what it recovers is what the card states."""

from zipfile import ZipFile

import numpy as np
import pytest
from volumes import volume

from algorithms.dat_spect import SPEC
from algorithms.simulation.brain_scan import Taken, camera_grid, take
from algorithms.simulation.dat_phantom import RATIO, read_phantom
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain.coding import Unit

ARCHIVE = "spect-phantoms/DaT_phantom.zip"
TAKEN = Taken(resolution_mm=8.0, filter_mm=4.5, counts_per_ml=560.0)
# Mean over simulated heads of the first world, as the card has it, and how far a head may lie off.
RECOVERY = {Nucleus.CAUDATE: 0.46, Nucleus.PUTAMEN: 0.56}
SPREAD = 0.06


def test_the_known_ratio_comes_within_the_recovery_of_simulated_heads(shared_data):
    phantom = read_phantom(shared_data / ARCHIVE, outside=0.5)
    grid = camera_grid(matrix=60, pixel_mm=4.0, slices=52, slice_mm=4.0)
    image = take(phantom.activity, phantom.geometry, grid, TAKEN, np.random.default_rng(1))
    algorithm = SPEC.load()
    found = algorithm.measured(volume(image, grid, unit=Unit.COUNTS, tracer="IOFLUPANE")).ratios
    for (nucleus, side), binding in found.binding.items():
        recovered = binding / (RATIO - 1)
        assert recovered == pytest.approx(RECOVERY[nucleus], abs=SPREAD), (nucleus, side)
    known = (RATIO - 1) * phantom.striatum_ml / algorithm.parameters.striatum_ml
    for side in Side:
        assert found.total_counts[side] == pytest.approx(known, rel=0.1)


def test_another_archive_is_refused(tmp_path):
    path = tmp_path / "other.zip"
    with ZipFile(path, "w") as archive:
        archive.writestr("DaT_Source_120x120x120.i33", np.ones((120,) * 3, "<i2").tobytes())
        archive.writestr("DaT_Attenuation_72x90x77.i33", bytes(2 * 72 * 90 * 77))
    with pytest.raises(ValueError, match=r"other\.zip is not the phantom"):
        read_phantom(path)

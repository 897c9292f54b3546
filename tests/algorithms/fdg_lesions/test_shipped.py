"""The network that is shipped: what it must tell apart, on a real scan and a simulated patient."""

from pathlib import Path

import numpy as np
import pytest
from real_scan import stack
from shipped_network import network_and_threshold

from algorithms import fdg_lesions
from algorithms.fdg_lesions import SPEC
from algorithms.toolbox.lesion_net.segmented import LesionNetwork
from algorithms.toolbox.lesion_net.specification import SHIPPED_FOLDER
from algorithms.toolbox.lesion_run import Parameters
from algorithms.toolbox.liver_reference import FDG_LIVER, liver_ball

BUNDLE = Path(fdg_lesions.__file__).parent / SHIPPED_FOLDER
LIMITS = Parameters.from_card(SPEC.card).limits


@pytest.fixture(scope="module")
def shipped():
    assert SPEC.lacks is None
    return LesionNetwork.of_bundle(BUNDLE)


def test_masses_of_a_real_scan_are_lesions_and_its_liver_and_heart_are_not(shipped, shared_data):
    folder = shared_data / "petct-fdg-ge"
    if not folder.is_dir():
        pytest.skip("petct-fdg-ge of ../shared/data is not on this machine")
    activity, geometry = stack(folder / "PT_PET_AC_61081015")
    left_bq = 588_802_304 * 2 ** (-(9527.0) / 6586.2)  # 07:21:00 to 09:59:47
    suv = activity * np.float32(91_000 / left_bq)
    ct = stack(folder / "CT_CT_IMAGES_94858561")
    found = shipped.segmented(suv, geometry, ct, LIMITS)
    lesion, normal = (np.zeros(geometry.shape, dtype=bool) for _ in range(2))
    for region in found.lesions:
        region.paint(lesion, True)
    found.physiological.paint(normal, True)
    # The hottest voxels of both masses of the right hilum and of the one in the lower neck, by eye.
    for place_mm in ((-40, -26, -99), (-40, -7, -141), (-12, -40, 19)):
        at = np.linalg.inv(geometry.affine) @ (*place_mm, 1)
        assert lesion[tuple(np.rint(at[:3]).astype(int))], place_mm
    liver = np.zeros(geometry.shape, dtype=bool)
    liver_ball(suv, geometry, FDG_LIVER, ct=ct).region.paint(liver, True)
    assert not (lesion & liver).any()
    assert (normal & liver).sum() > 0.9 * liver.sum()
    places = geometry.index_to_lps(np.argwhere(lesion))
    heart_mm = (35, -42, -205)  # by eye; its wall is hot all round
    assert np.linalg.norm(places - heart_mm, axis=1).min() > 60


def test_uptake_of_a_simulated_patient_is_told_apart_better_than_by_a_threshold():
    """Five lesions over 1 mL; chosen after 16 patients were seen: `evaluate` has the figures."""
    ours, threshold = network_and_threshold(BUNDLE, LIMITS, "fdg", 2_000_000_003)
    assert all(one.found for one in ours.lesions if one.volume_ml > 1)
    assert ours.dice > 0.5 > 10 * threshold.dice
    assert ours.physiological_dice > 0.85

"""The network that is shipped: what it must tell apart in a simulated patient."""

from pathlib import Path

from shipped_network import network_and_threshold

from algorithms import psma_lesions
from algorithms.psma_lesions import SPEC
from algorithms.toolbox.lesion_net.specification import SHIPPED_FOLDER
from algorithms.toolbox.lesion_run import Parameters

BUNDLE = Path(psma_lesions.__file__).parent / SHIPPED_FOLDER
LIMITS = Parameters.from_card(SPEC.card).limits


def test_uptake_of_a_simulated_patient_is_told_apart_better_than_by_a_threshold():
    """One lesion of 14 mL; chosen after eight patients were seen: `evaluate` has the figures."""
    assert SPEC.lacks is None
    ours, threshold = network_and_threshold(BUNDLE, LIMITS, "psma", 2_000_000_007)
    assert all(one.found for one in ours.lesions if one.volume_ml > 1)
    assert ours.dice > 0.5 > 10 * threshold.dice
    assert ours.physiological_dice > 0.85
    assert ours.false_positives < threshold.false_positives

"""The network that is shipped: what it must tell apart in a simulated patient."""

from pathlib import Path

from algorithms import psma_lesions
from algorithms.evaluation.methods import above, network
from algorithms.evaluation.scores import score_patient
from algorithms.psma_lesions import SPEC
from algorithms.simulation.wholebody.patient import PHYSIOLOGICAL, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net.segmented import LesionNetwork
from algorithms.toolbox.lesion_net.specification import SHIPPED_FOLDER
from algorithms.toolbox.lesion_run import Parameters
from algorithms.training.examples import geometry_of

BUNDLE = Path(psma_lesions.__file__).parent / SHIPPED_FOLDER
LIMITS = Parameters.from_card(SPEC.card).limits


def test_uptake_of_a_simulated_patient_is_told_apart_better_than_by_a_threshold():
    """One lesion of 14 mL; chosen after eight patients were seen: `evaluate` has the figures."""
    assert SPEC.lacks is None
    shipped = LesionNetwork.of_bundle(BUNDLE)
    patient = draw_patient(world("psma", "usual"), 2_000_000_007)
    seen = scan(patient)
    scores = {}
    for name, method in {"network": network(shipped, LIMITS), "SUV 4": above(4.0)}.items():
        answer = method(seen)
        normal = answer.physiological
        scores[name] = score_patient(
            answer.lesion,
            seen.lesion,
            [one.site for one in patient.lesions],
            voxel_ml=geometry_of(seen).voxel_volume_ml,
            physiological=None if normal is None else (normal, seen.labels == PHYSIOLOGICAL),
        )
    assert all(one.found for one in scores["network"].lesions if one.volume_ml > 1)
    assert scores["network"].dice > 0.5 > 10 * scores["SUV 4"].dice
    assert scores["network"].physiological_dice > 0.85
    assert scores["network"].false_positives < scores["SUV 4"].false_positives

"""Scores of a lesion network that is shipped, beside a threshold, on a simulated patient."""

from pathlib import Path

from algorithms.evaluation.methods import above, network
from algorithms.evaluation.scores import PatientScore, score_patient
from algorithms.simulation.wholebody.patient import PHYSIOLOGICAL, draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net.segmented import LesionLimits, LesionNetwork
from algorithms.training.examples import geometry_of


def network_and_threshold(
    bundle: Path, limits: LesionLimits, family: str, seed: int
) -> tuple[PatientScore, PatientScore]:
    """Of the network of a bundle and of SUV 4, on a patient of the usual world."""
    patient = draw_patient(world(family, "usual"), seed)
    seen = scan(patient)
    scores = []
    for method in (network(LesionNetwork.of_bundle(bundle), limits), above(4.0)):
        answer = method(seen)
        normal = answer.physiological
        scores.append(
            score_patient(
                answer.lesion,
                seen.lesion,
                [one.site for one in patient.lesions],
                voxel_ml=geometry_of(seen).voxel_volume_ml,
                physiological=None if normal is None else (normal, seen.labels == PHYSIOLOGICAL),
            )
        )
    return scores[0], scores[1]

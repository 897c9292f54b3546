"""The defect scores as classifications: what the map has in common with simulated defects."""

from algorithms.mpi_spect.found import Found
from algorithms.mpi_spect.vessels import ANY, VesselModel
from algorithms.toolbox.heart_segments import Vessel
from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.result import Classification

ALIKE = Code("like-simulated-defect", PRIVATE_SCHEME, "like a simulated defect")
UNLIKE = Code("like-simulated-normal", PRIVATE_SCHEME, "like a simulated normal")
_NAMES = {
    str(which): Code(
        f"defect-score-{which.lower()}", PRIVATE_SCHEME, f"Defect score {which} (simulated)"
    )
    for which in (*Vessel, ANY)
}


def classifications_of(found: Found, model: VesselModel) -> tuple[Classification, ...]:
    """One per vessel and one for all; none of a rest scan, which the model was not made for."""
    if found.state == "rest":
        return ()
    return tuple(_classified(found, model, which) for which in (*Vessel, ANY))


def _classified(found: Found, model: VesselModel, which: str) -> Classification:
    score = model.score(found.polar, which)
    drivers = model.drivers(found.polar, which)
    why = f"Raised most by: {', '.join(drivers)}. " if drivers else "Nothing raises it. "
    return Classification(
        name=_NAMES[which],
        value=ALIKE if score >= 0.5 else UNLIKE,
        probability=score,
        explanation=f"{why}Model: {model.name}.",
    )

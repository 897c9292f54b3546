"""What is said of the four ratios together: a probability with its source, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.dat_spect.classifier import LEARNT_TRACER, Classifier, Judged, fractions
from algorithms.dat_spect.measurements import side_name
from algorithms.dat_spect.normals import Normals
from algorithms.dat_spect.ratios import Ratios
from algorithms.dat_spect.regions import MEASURED
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain import coding
from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.result import Classification, Measurement

PATTERN = Code("binding-pattern", PRIVATE_SCHEME, "Binding pattern (trained on simulations)")
LIKE_DEFICIT = Code("like-simulated-deficit", PRIVATE_SCHEME, "like a simulated deficit")
LIKE_NORMAL = Code("like-simulated-normal", PRIVATE_SCHEME, "like a simulated normal")
UNKNOWN = Code("unlike-training", PRIVATE_SCHEME, "unlike what was trained on: no probability")
PROBABILITY = Code(
    "deficit-pattern-probability",
    PRIVATE_SCHEME,
    "Probability of deficit pattern (trained on simulations)",
)
DISTANCE = Code("training-distance", PRIVATE_SCHEME, "Mahalanobis distance from training data")

_MOST_TOLD = 2
_RANGE_SD = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Parts of a result."""

    measurements: tuple[Measurement, ...]
    classifications: tuple[Classification, ...]
    warnings: tuple[str, ...]


def said_of(
    ratios: Ratios,
    classifier: Classifier,
    *,
    normals: Normals,
    age_years: float | None,
    placed: bool,
) -> Said:
    """Probability and its explanation; none of a scan that training knew nothing like."""
    features = fractions(ratios.features, normals, age_years)
    judged = None if features is None else classifier.judged(features)
    probability = None if judged is None else judged.probability
    why = _reasons(ratios, normals, age_years, placed=placed)
    return Said(
        measurements=_numbers(judged, classifier, normals),
        classifications=(
            Classification(
                name=PATTERN,
                value=_value(probability),
                explanation=f"{why} Classifier: {classifier.name}. It names no disease.",
            ),
        ),
        warnings=_warnings(judged, classifier, normals),
    )


def unsaid_of(tracer: str) -> Said:
    """Nothing, of a tracer that the classifier was not trained on."""
    return Said(
        measurements=(),
        classifications=(),
        warnings=(
            f"The classifier was trained on {LEARNT_TRACER}: no probability is given for {tracer}.",
        ),
    )


def _value(probability: float | None) -> Code:
    if probability is None:
        return UNKNOWN
    return LIKE_DEFICIT if probability >= 0.5 else LIKE_NORMAL


def _numbers(
    judged: Judged | None, classifier: Classifier, normals: Normals
) -> tuple[Measurement, ...]:
    if judged is None:
        return ()
    basis = f"the four SBR / mean of: {normals.name}"
    distance = Measurement(
        label="Distance from training data",
        name=DISTANCE,
        value=judged.distance,
        unit=coding.COUNT,
        source=f"Mahalanobis, to the nearer of two classes, of {basis}; 99 % within "
        f"{classifier.limit:.1f}",
    )
    if judged.probability is None:
        return (distance,)
    probability = Measurement(
        label="Probability of deficit pattern (simulated)",
        name=PROBABILITY,
        value=judged.probability,
        unit=coding.COUNT,
        source=f"RBF support vector machine on {basis}; {classifier.name}; calibrated (Platt) on "
        "held-out simulated scans, whose share of deficits it assumes",
    )
    return (probability, distance)


def _reasons(ratios: Ratios, normals: Normals, age_years: float | None, *, placed: bool) -> str:
    """The lowest regions, and what of both sides or nuclei is unusual, in standard deviations."""
    regions = [
        (
            f"{nucleus} {side_name(side, placed=placed)}",
            normals.ranges[str(nucleus)].z(ratios.binding[nucleus, side], age_years),
        )
        for nucleus, side in MEASURED
    ]
    lowest = sorted(regions, key=lambda one: one[1])[:_MOST_TOLD]
    unusual = [one for one in _compared(ratios, normals, placed=placed) if abs(one[1]) > _RANGE_SD]
    unusual.sort(key=lambda one: -abs(one[1]))
    further = f"; {_told(unusual[:_MOST_TOLD])}" if unusual else ""
    return f"Lowest: {_told(lowest)} the mean of {normals.name}{further}."


def _compared(ratios: Ratios, normals: Normals, *, placed: bool) -> list[tuple[str, float]]:
    """Caudate to putamen and asymmetry in standard deviations; ages do not change them."""
    known: list[tuple[str, str, float | None]] = []
    for side in Side:
        name = f"caudate to putamen {side_name(side, placed=placed)}"
        known.append((name, "caudate_to_putamen", ratios.caudate_to_putamen(side)))
    for nucleus in (Nucleus.CAUDATE, Nucleus.PUTAMEN):
        name, key = f"asymmetry of {nucleus}", f"asymmetry_{nucleus}"
        known.append((name, key, ratios.asymmetry_percent(nucleus)))
    return [
        (name, normals.ranges[key].z(value, None))
        for name, key, value in known
        if value is not None
    ]


def _told(deviations: Sequence[tuple[str, float]]) -> str:
    return ", ".join(
        f"{name} {abs(z):.1f} SD {'below' if z < 0 else 'above'}" for name, z in deviations
    )


def _warnings(judged: Judged | None, classifier: Classifier, normals: Normals) -> tuple[str, ...]:
    if judged is None:
        return (f"The mean of {normals.name} is not above zero at this age: no probability.",)
    if judged.probability is None:
        return (
            f"The four ratios together lie {judged.distance:.1f} standard deviations from what the "
            f"classifier was trained on, beyond {classifier.limit:.1f}: no probability is given. "
            "Compare the outlines with the picture.",
        )
    return (
        "The probability was learnt from simulated scans and is unproven in patients. It holds "
        f"only where {normals.name} were scanned with this camera and reconstruction.",
    )

"""What changed between two examinations, as numbers and as a suggested category."""

from dataclasses import dataclass

from algorithms.response.criteria import (
    PERCIST_SOURCE,
    RECIP_SOURCE,
    PercistInput,
    percist_of,
    recip_of,
)
from algorithms.response.examination import FDG, PSMA, Examination
from algorithms.response.matching import Match
from algorithms.response.vocabulary import PERCIST, RECIP, category
from dicom_node.domain.result import Classification


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Two examinations that may be compared, and which of their lesions belong together."""

    before: Examination
    now: Examination
    match: Match

    def earlier_of(self, lesion: int) -> tuple[int, ...]:
        """Lesions before that a lesion of now was, counted from 0; none for a new one."""
        return tuple(b for b, n in self.match.pairs if n == lesion)


def relative(before: float, now: float) -> float:
    """Change in percent."""
    return 100.0 * (now / before - 1.0)


def categories(found: Comparison) -> tuple[tuple[Classification, ...], tuple[str, ...]]:
    """Category of the tracer's criteria as a suggestion, or why there is none."""
    tracer = found.now.pet.tracer.tracer
    if tracer == FDG:
        return _percist(found)
    if tracer in PSMA:
        return _recip(found)
    return (), (f"No response criteria are known for {tracer}: changes are given, no category.",)


def _percist(found: Comparison) -> tuple[tuple[Classification, ...], tuple[str, ...]]:
    before, now = found.before, found.now
    threshold, liver = before.percist_threshold, now.liver_sul
    if threshold is None or liver is None:
        return (), (
            "No PERCIST category: it needs an even liver, and size, weight and sex of the patient "
            "(SUL), in both examinations.",
        )
    named, why = percist_of(
        PercistInput(
            peak_before=before.peak_sul,
            peak_now=now.peak_sul,
            threshold=threshold,
            liver_now=liver,
            new_lesions=len(found.match.new),
            tlg_before=before.burden.product,
            tlg_now=now.burden.product,
        )
    )
    if named is None:
        return (), (f"No PERCIST category: {why}.",)
    value = category(named.name, named.value)
    told = f"a suggestion, no diagnosis: {why}; {PERCIST_SOURCE}"
    return (Classification(name=PERCIST, value=value, explanation=told),), ()


def _recip(found: Comparison) -> tuple[tuple[Classification, ...], tuple[str, ...]]:
    before = found.before.burden.volume_ml
    if before <= 0:
        return (), ("No RECIP category: nothing was outlined before.",)
    named, why = recip_of(
        volume_before=before,
        volume_now=found.now.burden.volume_ml,
        new_lesions=len(found.match.new),
    )
    value = category(f"RECIP-{named.name}", named.value)
    told = f"a suggestion, no diagnosis: {why}; {RECIP_SOURCE}"
    return (Classification(name=RECIP, value=value, explanation=told),), ()

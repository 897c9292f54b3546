"""The miPSMA score of PROMISE V2, as far as the reference organs at hand can tell it.

0: below blood pool; 1: from blood pool on, below liver; 2: from liver on, below parotid; 3: from
parotid on (Seifert et al., Eur Urol 2023;83:405, recalled from the source, not read again; the
scale is that of Eiber et al., J Nucl Med 2018;59:469, as recalled). For ligands that the liver
excretes the spleen takes the liver's place. A missing organ leaves a score open; none is guessed.
"""

from dataclasses import dataclass

SOURCE = (
    "0 below blood pool, 1 below {organ}, 2 below parotid, 3 from parotid on, by SUVmean (PROMISE "
    "V2: Seifert et al., Eur Urol 2023;83:405)"
)
LIVER_EXCRETED = ("PSMA-1007", "RHPSMA-7.3")
SPLEEN_NEEDED = (
    "{} is excreted by the liver: the score needs the spleen, which was not found; between blood "
    "pool and parotid it stays open."
)
OUT_OF_ORDER = (
    "No miPSMA score: SUVmean {:.2f} of a lesion lies between references that are not in the order "
    "of the score ({})."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """SUVmean of the reference organs; None for one that was not found."""

    blood_pool: float | None = None
    liver: float | None = None
    spleen: float | None = None
    parotid: float | None = None

    def steps(self, tracer: str | None) -> dict[str, float | None]:
        """What the scores 1, 2 and 3 begin at with a ligand, by name."""
        own = self.spleen if tracer in LIVER_EXCRETED else self.liver
        return {"blood pool": self.blood_pool, organ_of(tracer): own, "parotid": self.parotid}


def organ_of(tracer: str | None) -> str:
    """Organ that score 2 begins at: the one that the ligand does not leave by."""
    return "spleen" if tracer in LIVER_EXCRETED else "liver"


def mipsma(mean: float, means: Means, tracer: str | None) -> str | None:
    """Score of a lesion's mean uptake, e.g. ``1`` or ``2 or 3``; None where nothing can be said."""
    low, high = _bounds(mean, means, tracer)
    if low > high or (low, high) == (0, 3):
        return None
    if low == high:
        return str(low)
    return f"{low} or {high}" if high == low + 1 else f"{low} to {high}"


def explained(mean: float, means: Means, tracer: str | None) -> str:
    """How the score came about, and which reference it lacks where it stays open."""
    source = SOURCE.format(organ=organ_of(tracer))
    said = f"a suggestion: highest SUVmean of a lesion {mean:.2f}; {source}"
    low, high = _bounds(mean, means, tracer)
    if low == high:
        return said
    lacking = [name for name, value in means.steps(tracer).items() if value is None]
    return f"{said}; open for want of {' and '.join(lacking)}"


def out_of_order(mean: float, means: Means, tracer: str | None) -> str:
    """What to say where the references contradict each other about a lesion; else nothing."""
    low, high = _bounds(mean, means, tracer)
    if low <= high:
        return ""
    known = {name: value for name, value in means.steps(tracer).items() if value is not None}
    told = ", ".join(f"{name} {value:.2f}" for name, value in known.items())
    return OUT_OF_ORDER.format(mean, told)


def _bounds(mean: float, means: Means, tracer: str | None) -> tuple[int, int]:
    """Lowest and highest score that the known references allow."""
    low, high = 0, 3
    for score, value in enumerate(means.steps(tracer).values(), start=1):
        if value is not None and mean >= value:
            low = max(low, score)
        elif value is not None:
            high = min(high, score - 1)
    return low, high

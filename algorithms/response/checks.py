"""May two examinations be compared: every condition by name, with its limit and its source.

Limits are those of PERCIST 1.0 (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S; recalled, not read
again). For other tracers nobody has published any; those of the acquisition are used there, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dicom_node.domain.volume import AcquisitionFacts, Volume

MOST_UPTAKE_DIFFERENCE_MIN = 15.0
LEAST_UPTAKE_MIN = 50.0
MOST_DOSE_DIFFERENCE = 0.20
MOST_LIVER_DIFFERENCE, MOST_LIVER_DIFFERENCE_SUL = 0.20, 0.3
_SAME_SIZE_M = 0.05
_FDG = "FDG"


class Check(StrEnum):
    """A condition of comparison."""

    PATIENT = "patient"
    TRACER = "tracer"
    ORDER = "order"
    UPTAKE = "uptake-time"
    DOSE = "injected-dose"
    SCANNER = "scanner"
    RECONSTRUCTION = "reconstruction"
    VOXELS = "voxel-size"
    LIVER = "liver"
    BODY = "body-size"

    @property
    def may_be_accepted(self) -> bool:
        """Whether a site may compare in spite of it; what makes nonsense of a change is none."""
        return self not in (Check.PATIENT, Check.TRACER, Check.ORDER)


class Weight(StrEnum):
    """What becomes of a condition that does not hold."""

    REFUSES = "refuses"
    WARNS = "warns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition that does not hold, or cannot be told."""

    check: Check
    weight: Weight
    text: str

    def __str__(self) -> str:
        return f"{self.check}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Liver:
    """Mean uptake of the liver reference of both examinations, in SUL where the size is known."""

    before: float | None
    now: float | None
    in_sul: bool


def findings(before: Volume, now: Volume, liver: Liver) -> tuple[Finding, ...]:
    """Every condition that does not hold, or that the headers do not tell."""
    then, today = before.acquisition, now.acquisition
    return (
        *_of_identity(before, now),
        *_of_size(before, now),
        *(_of_acquisition(then, today) if then and today else _nothing_told()),
        *_of_voxels(before, now),
        *_of_liver(liver, now.tracer.tracer),
    )


def _of_identity(before: Volume, now: Volume) -> Iterator[Finding]:
    then, today = before.acquisition, now.acquisition
    if then is not None and today is not None and then.patient_digest != today.patient_digest:
        yield _refused(Check.PATIENT, "the examinations are of different patients")
    sexes = {one.patient.sex for one in (before, now) if one.patient and one.patient.sex}
    if len(sexes) > 1:
        yield _refused(Check.PATIENT, f"PatientSex is {' and '.join(sorted(sexes))}")
    names = (before.tracer.tracer, now.tracer.tracer)
    if None in names or names[0] != names[1]:
        told = " and ".join(name or "not told" for name in names)
        yield _refused(Check.TRACER, f"it is {told}; both must be known and the same")
    if before.acquired_at is None or now.acquired_at is None:
        yield _refused(Check.ORDER, "an examination has no time of acquisition")
    elif before.acquired_at >= now.acquired_at:
        yield _refused(Check.ORDER, "the prior examination is not the earlier one")


def _of_size(before: Volume, now: Volume) -> Iterator[Finding]:
    sizes = [one.patient.size_m for one in (before, now) if one.patient and one.patient.size_m]
    if len(sizes) == 2 and abs(sizes[0] - sizes[1]) > _SAME_SIZE_M:
        yield _refused(
            Check.BODY,
            f"PatientSize is {sizes[0]:.2f} m and {sizes[1]:.2f} m; an adult does not grow, and "
            "SUL depends on it",
        )


def _of_acquisition(then: AcquisitionFacts, today: AcquisitionFacts) -> Iterator[Finding]:
    yield from _of_uptake(then.uptake_min, today.uptake_min)
    if then.injected_mbq is None or today.injected_mbq is None:
        yield _unknown(Check.DOSE, "the injected activity is not told")
    elif abs(today.injected_mbq / then.injected_mbq - 1) > MOST_DOSE_DIFFERENCE:
        yield _refused(
            Check.DOSE,
            f"{then.injected_mbq:.0f} MBq and {today.injected_mbq:.0f} MBq differ by more than "
            f"{100 * MOST_DOSE_DIFFERENCE:.0f} %",
        )
    pairs = (
        (Check.SCANNER, then.scanner, today.scanner),
        (Check.RECONSTRUCTION, then.reconstruction, today.reconstruction),
    )
    for check, one, other in pairs:
        if one is None or other is None:
            yield _unknown(check, "not told by the headers")
        elif one != other:
            yield _refused(check, f"{one!r} and {other!r} differ")


def _of_uptake(then: float | None, today: float | None) -> Iterator[Finding]:
    if then is None or today is None:
        yield _unknown(Check.UPTAKE, "the time from injection to scan is not told")
        return
    if abs(then - today) > MOST_UPTAKE_DIFFERENCE_MIN:
        yield _refused(
            Check.UPTAKE,
            f"{then:.0f} min and {today:.0f} min differ by more than "
            f"{MOST_UPTAKE_DIFFERENCE_MIN:g} min",
        )
    if min(then, today) < LEAST_UPTAKE_MIN:
        yield _refused(
            Check.UPTAKE, f"{min(then, today):.0f} min is less than {LEAST_UPTAKE_MIN:g} min"
        )


def _of_voxels(before: Volume, now: Volume) -> Iterator[Finding]:
    volumes = [one.geometry.voxel_volume_ml for one in (before, now)]
    if abs(volumes[0] / volumes[1] - 1) > 0.01:
        yield _unknown(
            Check.VOXELS,
            f"voxels have {volumes[0]:.3f} mL and {volumes[1]:.3f} mL, which shows that the "
            "reconstruction differs",
        )


def _of_liver(liver: Liver, tracer: str | None) -> Iterator[Finding]:
    if tracer != _FDG:
        return  # therapy and tumour sink change the liver's uptake of PSMA ligands
    if liver.before is None or liver.now is None:
        yield _unknown(Check.LIVER, "no even liver was found in both examinations")
        return
    apart = abs(liver.now - liver.before)
    relative = apart / liver.before
    most = MOST_LIVER_DIFFERENCE_SUL if liver.in_sul else float("inf")
    if relative > MOST_LIVER_DIFFERENCE or apart > most:
        unit = "SUL" if liver.in_sul else "SUVbw"
        yield _refused(
            Check.LIVER,
            f"the means {liver.before:.2f} and {liver.now:.2f} ({unit}) differ by "
            f"{100 * relative:.0f} %; allowed: {100 * MOST_LIVER_DIFFERENCE:.0f} % and "
            f"{MOST_LIVER_DIFFERENCE_SUL:g} SUL",
        )


def _nothing_told() -> Iterator[Finding]:
    for check in (Check.UPTAKE, Check.DOSE, Check.SCANNER, Check.RECONSTRUCTION):
        yield _unknown(check, "not told by the headers")


def _refused(check: Check, text: str) -> Finding:
    return Finding(check=check, weight=Weight.REFUSES, text=text)


def _unknown(check: Check, text: str) -> Finding:
    return Finding(check=check, weight=Weight.WARNS, text=text)

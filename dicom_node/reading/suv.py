"""Body-weight SUV of activity concentrations and of Philips counts.

SUVbw = A W / D in g/ml (DCM 126410): activity concentration A in Bq/ml at a reference time, body
weight W in g, administered activity D in Bq decayed to the same time. Source: IBSI manual on SUV
computation (Vacha et al. 2026) and QIBA vendor-neutral pseudo-code (2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.uid import EnhancedPETImageStorage

from dicom_node.domain.errors import InputRejected, MissingAttribute, NotCalibrated
from dicom_node.reading import multiframe_time, reference_time, scanner_private
from dicom_node.reading.administration import (
    Administration,
    administered_bq,
    read_administration,
)
from dicom_node.reading.decay import remaining_fraction
from dicom_node.reading.header import Header, named
from dicom_node.reading.record import Record, common_text
from dicom_node.reading.reference_time import Reference
from dicom_node.reading.subject import weight_kg

# Philips gives both factors with four to seven digits; beyond this, weight, dose or a time was
# edited after the reconstruction, and nothing tells which number is meant.
_VENDOR_AGREES = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What real-world stored values are multiplied by, for each slice, and by which rule."""

    factors: tuple[float, ...]
    rule: str
    stated: bool = True  # whether an attribute states the reference time


def from_activity(frames: Sequence[Header], record: Record) -> Scaling:
    """SUVbw per Bq/ml of every slice.

    Raises
    ------
    MissingAttribute, NotCalibrated
        Without weight, dose, half-life, a time or DecayCorrection; where attenuation or decay were
        not corrected; where values contradict each other or are not credible.
    """
    require_corrections(frames, record)
    weight_g = 1000.0 * weight_kg(frames, record)
    given = read_administration(frames, record, compared=compared_moments(frames))
    dose_bq = administered_bq(
        frames, given.half_life_s, record, in_mbq=not _is_pet_image(frames[0])
    )
    reference = _reference(frames, given.half_life_s, record)
    if reference is None:
        rule = "DecayCorrection ADMIN, reference time = administration"
        return Scaling(factors=(weight_g / dose_bq,) * len(frames), rule=rule)
    left = _fractions_left(given, reference, record)
    return Scaling(
        factors=tuple(weight_g / (dose_bq * fraction) for fraction in left),
        rule=reference.rule,
        stated=reference.stated,
    )


def _fractions_left(
    given: Administration, reference: Reference, record: Record
) -> tuple[float, ...]:
    """Fraction of the administered activity that is left at the reference time of each slice."""
    start = given.start_before(min(reference.times))
    record.note("start of administration", start.isoformat(sep=" "))
    for name, moment in (
        ("reference time", min(reference.times)),
        ("last reference time", max(reference.times)),
    ):
        record.note(name, moment.isoformat(sep=" "))
    return tuple(
        remaining_fraction(given.elapsed_s(start, moment), given.half_life_s)
        for moment in reference.times
    )


def _is_pet_image(frame: Header) -> bool:
    """Whether the dose is in Bq: a PET Image, also a converted one (PS3.3 C.8.9.2)."""
    enhanced = frame.text("SOPClassUID") == EnhancedPETImageStorage
    return frame.text("Modality") != "NM" and not enhanced


def compared_moments(frames: Sequence[Header]) -> tuple[str | None, ...]:
    """DT values of a multi-frame object that the start of administration is compared with."""
    return tuple(
        frame.text(keyword)
        for frame in frames
        for keyword in ("DecayCorrectionDateTime", "FrameReferenceDateTime")
        if frame.text(keyword) is not None
    )


def require_corrections(frames: Sequence[Header], record: Record) -> None:
    """Refuse images that are not corrected for attenuation and, unless declared so, for decay.

    CorrectedImage (0028,0051) tells it, or the flags of an Enhanced PET (PS3.3 C.8.22.6).

    Raises
    ------
    NotCalibrated
        Where a correction is not stated; an absent attribute states nothing.
    """
    decay = common_text(frames, "DecayCorrection")
    for frame in frames:
        listed = set(frame.texts("CorrectedImage"))
        if frame.text("AttenuationCorrected") == "YES":
            listed.add("ATTN")
        if frame.text("DecayCorrected") in {"YES", "NO"}:
            listed.add("DECY")  # NO is computed with, as DecayCorrection NONE is
        if decay == "NONE":
            _check_uncorrected(frame, listed, record)
            listed.add("DECY")
        lacking = [one for one in ("ATTN", "DECY") if one not in listed]
        if lacking:
            raise NotCalibrated(
                f"SUV needs ATTN and DECY; lacking: {', '.join(lacking)}",
                keyword=named("CorrectedImage"),
                value=frame.texts("CorrectedImage") or None,
            )


def _check_uncorrected(frame: Header, listed: set[str], record: Record) -> None:
    """Whether DecayCorrection NONE stands alone; DecayFactor decides where DECY contradicts it."""
    if "DECY" not in listed:
        return
    factor = frame.number("DecayFactor")
    if factor is not None and factor != 1:
        raise NotCalibrated(
            "CorrectedImage (0028,0051) lists DECY and DecayFactor is not 1, but DecayCorrection "
            "(0054,1102) is NONE",
            keyword=named("DecayFactor"),
            value=factor,
        )
    record.warn("CorrectedImage lists DECY, DecayCorrection is NONE; the latter was followed")


def _reference(frames: Sequence[Header], half_life_s: float, record: Record) -> Reference | None:
    """Reference times of the slices; None for the time of administration.

    Raises
    ------
    MissingAttribute, NotCalibrated
        Where DecayCorrection is absent or unknown, or the times cannot be told.
    """
    if frames[0].text("DecayCorrected") is not None and not frames[0].text("DecayCorrection"):
        return multiframe_time.of_enhanced(frames, half_life_s, record)
    correction = _decay_correction(frames, record)
    if correction == "ADMIN":
        return None
    if frames[0].text("Modality") == "NM":
        return multiframe_time.of_nm(frames, correction)
    if correction == "START":
        return reference_time.at_start(frames, half_life_s, record)
    return reference_time.uncorrected(frames, half_life_s)


def _decay_correction(frames: Sequence[Header], record: Record) -> str:
    """DecayCorrection (0054,1102): START, ADMIN or NONE."""
    correction = common_text(frames, "DecayCorrection")
    keyword = named("DecayCorrection")
    if correction is None:
        raise MissingAttribute("a value is needed", keyword=keyword, value=None)
    if correction not in {"START", "ADMIN", "NONE"}:
        raise NotCalibrated("allowed: START, ADMIN, NONE", keyword=keyword, value=correction)
    record.note("DecayCorrection", correction)
    return correction


def from_philips_counts(frames: Sequence[Header], record: Record) -> Scaling:
    """SUVbw per real-world stored value of Philips images with Units CNTS.

    The SUV scale factor holds weight, dose and decay (QIBA 2018). Where it is absent, or where
    nothing was decay corrected, which one factor for all slices cannot undo, the activity
    concentration scale factor gives Bq/ml and SUV follows from that.

    Raises
    ------
    NotCalibrated
        Without a factor, where both contradict each other, or as `from_activity`.
    """
    suv = scanner_private.factors(frames, scanner_private.PHILIPS_SUV_FACTOR, record)
    if suv is not None and _decay_correction(frames, record) != "NONE":
        if common_text(frames, "SUVType") not in {None, "BW"}:
            value = frames[0].text("SUVType")
            raise NotCalibrated("allowed: BW", keyword=named("SUVType"), value=value)
        require_corrections(frames, record)
        _require_agreement(frames, suv, record)
        name = scanner_private.PHILIPS_SUV_FACTOR.name
        return Scaling(factors=suv, rule=f"{name} includes weight, dose and decay (QIBA)")
    return _by_activity_factor(frames, record)


def _by_activity_factor(frames: Sequence[Header], record: Record) -> Scaling:
    """SUVbw per count by way of Bq/ml."""
    to_activity = activity_from_philips_counts(frames, record)
    scaling = from_activity(frames, record)
    factors = zip(to_activity.factors, scaling.factors, strict=True)
    return Scaling(
        factors=tuple(one * two for one, two in factors),
        rule=f"{to_activity.rule}, {scaling.rule}",
        stated=scaling.stated,
    )


def activity_from_philips_counts(frames: Sequence[Header], record: Record) -> Scaling:
    """Bq/ml per real-world stored value of Philips images with Units CNTS.

    NotCalibrated without a factor.
    """
    element = scanner_private.PHILIPS_ACTIVITY_FACTOR
    factors = scanner_private.factors(frames, element, record)
    if factors is None:
        raise NotCalibrated(
            "counts need a factor in a private element of Philips: "
            f"{scanner_private.PHILIPS_SUV_FACTOR.name}, or {element.name}",
            keyword=named("Units"),
            value="CNTS",
        )
    return Scaling(factors=factors, rule=f"Bq/ml by {element.name}")


def _require_agreement(frames: Sequence[Header], suv: Sequence[float], record: Record) -> None:
    """Refuse an SUV factor that the activity factor with weight, dose and times contradicts.

    Not compared where the latter cannot be computed, or its reference time is not stated.
    """
    try:
        other = _by_activity_factor(frames, Record())
    except InputRejected:
        return
    if not other.stated:
        return
    apart = max(abs(two / one - 1.0) for one, two in zip(suv, other.factors, strict=True))
    if apart > _VENDOR_AGREES:
        raise NotCalibrated(
            f"the activity factor, weight, dose and times give {other.factors[0]:.6g}; they were "
            "altered after the reconstruction",
            keyword=scanner_private.PHILIPS_SUV_FACTOR.name,
            value=suv[0],
        )
    record.note("SUV factor by activity factor, weight, dose and times", other.factors[0])

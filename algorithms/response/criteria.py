"""Published response criteria as formulas: PERCIST 1.0 for FDG, RECIP 1.0 for PSMA.

They give a category as a suggestion, never a diagnosis, and say nothing of treatment.
"""

from dataclasses import dataclass
from enum import StrEnum

PERCIST_SOURCE = "PERCIST 1.0 (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S)"
RECIP_SOURCE = "RECIP 1.0 (Gafita et al., J Nucl Med 2022;63:1651)"
_SUL_SHARE, _SUL_STEP = 0.30, 0.8
_TLG_SHARE = 0.75
_VOLUME_LESS, _VOLUME_MORE = 0.30, 0.20


class Percist(StrEnum):
    """Categories of PERCIST 1.0."""

    CMR = "Complete metabolic response"
    PMR = "Partial metabolic response"
    SMD = "Stable metabolic disease"
    PMD = "Progressive metabolic disease"


class Recip(StrEnum):
    """Categories of RECIP 1.0."""

    CR = "RECIP complete response"
    PR = "RECIP partial response"
    SD = "RECIP stable disease"
    PD = "RECIP progressive disease"


@dataclass(frozen=True, slots=True, kw_only=True)
class PercistInput:
    """What PERCIST looks at, uptake in SUL.

    Parameters
    ----------
    peak_before, peak_now : SULpeak of the hottest lesion of each examination (they need not be the
        same lesion); None where there is no lesion
    threshold : least SULpeak of a measurable lesion before therapy, 1.5 x liver + 2 SD
    liver_now : mean of the liver now
    new_lesions : number of lesions that were not there
    tlg_before, tlg_now : totals
    """

    peak_before: float | None
    peak_now: float | None
    threshold: float
    liver_now: float
    new_lesions: int
    tlg_before: float
    tlg_now: float


def percist_of(given: PercistInput) -> tuple[Percist | None, str]:
    """Category and what led to it; None, with the reason, where PERCIST does not apply."""
    before, now = given.peak_before, given.peak_now
    if given.new_lesions:
        return Percist.PMD, f"{given.new_lesions} new"
    if before is None or before < given.threshold:
        shown = "none" if before is None else f"SULpeak {before:.2f}"
        return None, (
            f"the hottest lesion before ({shown}) is not measurable: PERCIST asks for "
            f"{given.threshold:.2f}"
        )
    if now is None:
        return Percist.CMR, "no lesion is outlined now"
    if now < given.liver_now:
        return Percist.CMR, (
            f"every lesion (SULpeak up to {now:.2f}) is below the liver ({given.liver_now:.2f}); "
            "that none stands out of its surroundings has to be seen"
        )
    return _by_change(given, before, now)


def recip_of(*, volume_before: float, volume_now: float, new_lesions: int) -> tuple[Recip, str]:
    """Category and what led to it.

    Parameters
    ----------
    volume_before, volume_now : PSMA volume in mL

    Raises
    ------
    ValueError
        Where there was no volume before: no change can be told.
    """
    if volume_before <= 0:
        raise ValueError("RECIP compares with a PSMA volume of more than 0")
    if volume_now <= 0:
        return Recip.CR, "nothing is outlined now"
    share = round(volume_now / volume_before - 1.0, 9)  # the last binary digit decides nothing
    told = f"PSMA volume {100 * share:+.0f} %, {new_lesions or 'no'} new lesions"
    if share <= -_VOLUME_LESS and not new_lesions:
        return Recip.PR, told
    if share >= _VOLUME_MORE and new_lesions:
        return Recip.PD, told
    return Recip.SD, told


def _by_change(given: PercistInput, before: float, now: float) -> tuple[Percist, str]:
    """Category of a lesion that is measurable before, and that stands out of the liver now."""
    # A fall from 6.0 to 4.2 is one of 30 %, whatever its last binary digit.
    share, step = round(now / before - 1.0, 9), round(now - before, 9)
    told = f"SULpeak of the hottest lesion {before:.2f} to {now:.2f} ({100 * share:+.0f} %)"
    if share <= -_SUL_SHARE and step <= -_SUL_STEP:
        return Percist.PMR, told
    if share >= _SUL_SHARE and step >= _SUL_STEP:
        return Percist.PMD, told
    if step >= 0 and given.tlg_now >= (1 + _TLG_SHARE) * given.tlg_before:
        more = 100 * (given.tlg_now / given.tlg_before - 1)
        return Percist.PMD, f"{told}; total TLG {more:+.0f} %"
    return Percist.SMD, told

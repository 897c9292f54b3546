"""A paragraph by rules: each sentence says what measurements say, and names them in brackets.

No sentence judges: levels are those of the card, and nothing is called normal or ischaemic.
"""

from collections.abc import Sequence

from algorithms.mpi_spect.found import Compared, Found
from algorithms.mpi_spect.measurements import value_of
from algorithms.toolbox.heart_segments import SEGMENTS, segment_means
from dicom_node.domain.result import Measurement

_CHANGE_PERCENT = 10.0  # percent points of a segment that are worth a sentence
_AT = {"stress": "At stress", "rest": "At rest", "uptake": "In the scan"}


def describe(
    found: Found,
    compared: Compared | None,
    measurements: Sequence[Measurement],
    *,
    low_percent: float,
) -> tuple[str, ...]:
    """Sentences in the order of a report: perfusion, change, scores, function, volumes."""
    told = [_low(found, measurements, low_percent)]
    if compared is not None:
        told.append(_low(compared.rest, measurements, low_percent))
        told.append(_change(compared))
    told += _scores(measurements)
    for one in (found,) if compared is None else (found, compared.rest):
        told += _function(one, measurements)
    dilation = value_of(measurements, "Volume ratio (TID)")
    if dilation is not None:
        told.append(
            f"The cavity at stress has {dilation:.2f} times its volume at rest "
            "[Volume ratio (TID)]."
        )
    return tuple(told)


def _low(found: Found, measurements: Sequence[Measurement], low_percent: float) -> str:
    """Where uptake is low, and how much of the wall."""
    state = found.state
    label = f"Low uptake, {state}"
    share = value_of(measurements, label)
    low = [
        (segment, value)
        for segment, value in zip(SEGMENTS, found.segments, strict=True)
        if round(value) < low_percent
    ]
    if not low:
        lowest = min(zip(found.segments, SEGMENTS, strict=True), key=lambda pair: pair[0])
        return (
            f"{_AT[state]} every segment has {low_percent:g} % or more of the hottest uptake, the "
            f"least being {lowest[0]:.0f} % in the {lowest[1].name} "
            f"[{state.capitalize()}, segment {lowest[1].number}]; {share:.0f} % of the wall is "
            f"below that level [{label}]."
        )
    named = ", ".join(f"{segment.name} {value:.0f} %" for segment, value in low)
    numbers = ", ".join(str(segment.number) for segment, _ in low)
    return (
        f"{_AT[state]} uptake is below {low_percent:g} % of the hottest in: {named} "
        f"[{state.capitalize()}, segment {numbers}]; that is {share:.0f} % of the wall [{label}]."
    )


def _change(compared: Compared) -> str:
    """Where rest takes up more than stress, or less."""
    change = segment_means(compared.difference)
    larger = [
        f"{segment.name} {value:+.0f}"
        for segment, value in zip(SEGMENTS, change, strict=True)
        if abs(value) >= _CHANGE_PERCENT
    ]
    if not larger:
        most = max(zip(change, SEGMENTS, strict=True), key=lambda pair: abs(pair[0]))
        return (
            f"From stress to rest no segment changes by {_CHANGE_PERCENT:g} percent points; the "
            f"largest change is {most[0]:+.0f} in the {most[1].name} "
            f"[Change, segment {most[1].number}]."
        )
    return (
        f"From stress to rest uptake changes by {_CHANGE_PERCENT:g} percent points or more in: "
        f"{', '.join(larger)} [Change]."
    )


def _scores(measurements: Sequence[Measurement]) -> list[str]:
    summed = {name: value_of(measurements, name) for name in ("SSS", "SRS", "SDS")}
    known = [f"{name} {value:.0f}" for name, value in summed.items() if value is not None]
    if not known:
        return []
    names = ", ".join(name for name, value in summed.items() if value is not None)
    return [f"Against the normal limits in use: {', '.join(known)} [{names}]."]


def _function(found: Found, measurements: Sequence[Measurement]) -> list[str]:
    state = found.state
    values = [value_of(measurements, f"{name}, {state}") for name in ("LVEF", "EDV", "ESV")]
    if any(value is None for value in values):
        return []
    fraction, full, empty = values
    return [
        f"{_AT[state]} the ejection fraction is {fraction:.0f} %, volumes are {full:.0f} and "
        f"{empty:.0f} ml [LVEF, EDV, ESV, {state}]."
    ]

"""From what a file stores to the unit that is wanted, with the record of how; or a refusal by name.

Stored units: Units (0054,1001) and SUVType (0054,1006) of PET (PS3.3 C.8.9.1), Hounsfield units of
CT, the real-world value maps of multi-frame objects, and counts of NM.
"""

from collections.abc import Sequence

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.domain.volume import UnitProvenance
from dicom_node.reading import suv
from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.header import Header, named
from dicom_node.reading.real_world import value_maps
from dicom_node.reading.record import Record, common_text
from dicom_node.reading.subject import per_body_weight
from dicom_node.reading.suv import Scaling

_BY_UNITS = {
    "BQML": Unit.BQML,
    "CNTS": Unit.COUNTS,
    "CPS": Unit.COUNTS_PER_SECOND,
    "PROPCNTS": Unit.PROPORTIONAL_TO_COUNTS,
    "PROPCPS": Unit.PROPORTIONAL_TO_COUNTS_PER_SECOND,
    "NONE": Unit.UNITLESS,
}
# PS3.3 C.8.9.1: SUVType BW is presumed where it is absent.
_BY_SUV_TYPE = {
    ("GML", None): Unit.SUVBW,
    ("GML", "BW"): Unit.SUVBW,
    ("GML", "LBM"): Unit.SUVLBM,
    ("GML", "LBMJAMES128"): Unit.SUVLBM_JAMES128,
    ("GML", "LBMJANMA"): Unit.SUVLBM_JANMA,
    ("GML", "IBW"): Unit.SUVIBW,
    ("CM2ML", None): Unit.SUVBSA,
    ("CM2ML", "BSA"): Unit.SUVBSA,
}
_MAPPED = named("RealWorldValueMappingSequence")  # how the name of a mapped unit begins
SUV_UNITS = frozenset(_BY_SUV_TYPE.values())
# Of single-frame and of enhanced objects.
_CORRECTIONS_STATED = ("CorrectedImage", "AttenuationCorrected", "DecayCorrected")
# Two factors that differ by less are one factor.
_SAME_FACTOR = 1e-12


def own_unit(headers: Sequence[Header]) -> Unit:
    """Unit of the real-world stored values of one volume.

    Raises
    ------
    NotCalibrated
        Where the unit is absent, unknown to this node, or differs within the volume; what came is
        named.
    """
    return _stored(headers, frame_headers(headers))[0]


def convert(headers: Sequence[Header], wanted: Unit | None) -> tuple[Unit, UnitProvenance]:
    """Unit of a volume, and how its real-world stored values come to it.

    Parameters
    ----------
    headers : sequence of Header
        Instances of one volume in order of position along the normal, or one multi-frame object.
    wanted : Unit or None
        None keeps the stored unit.

    Returns
    -------
    Unit, UnitProvenance
        Wanted value = real-world stored value x factor. One factor where it is the same for all
        slices, else one per instance, or one per frame of a multi-frame object in stored order;
        none where `wanted` is None.

    Raises
    ------
    MissingAttribute, NotCalibrated
        Where the wanted unit cannot be had without guessing a value.
    """
    frames = frame_headers(headers)
    own, label = _stored(headers, frames)
    record = Record()
    record.note("Units", label)
    if wanted is None:
        if own is Unit.ARBITRARY:
            record.warn("the file tells no unit: only ratios within this volume have a meaning")
        return own, _provenance(label, Scaling(factors=(), rule="stored unit, kept"), record)
    if wanted in SUV_UNITS:
        _require_no_intercept(frames, mapped=label.startswith(_MAPPED))
        scaling = _to_suv(own, label, wanted, frames, record)
    elif wanted is own:
        scaling = Scaling(factors=(1.0,) * len(frames), rule=f"{label} is {own.value} already")
    elif wanted is Unit.BQML and label == "CNTS":
        scaling = suv.activity_from_philips_counts(frames, record)
    else:
        raise NotCalibrated(
            f"{own.value} cannot become {wanted.value}", keyword="unit", value=label
        )
    return wanted, _provenance(label, scaling, record)


def _stored(headers: Sequence[Header], frames: Sequence[Header]) -> tuple[Unit, str]:
    """Unit of the real-world stored values, and its name in the file."""
    modality = common_text(frames, "Modality")
    units = common_text(frames, "Units")
    several_frames = frames[0] is not headers[0]
    by_map = modality == "NM" or (modality == "PT" and units is None and several_frames)
    maps = value_maps(frames) if by_map else None
    if maps is not None:
        return maps[0].unit, f"{_MAPPED} {maps[0].unit.value}"
    if modality == "CT":
        return _of_ct(frames)
    if units is not None and modality in {None, "PT"}:
        return _of_pet(units, common_text(frames, "SUVType"))
    if modality == "NM":
        return (Unit.COUNTS, "counts of NM") if units is None else _of_pet(units, None)
    if modality in {"PT", "MR"}:
        return Unit.ARBITRARY, "no unit told"
    raise NotCalibrated("allowed: PT, NM, CT, MR", keyword=named("Modality"), value=modality)


def _of_ct(frames: Sequence[Header]) -> tuple[Unit, str]:
    """Hounsfield units; presumed without RescaleType (PS3.3 C.8.2.1)."""
    rescale = common_text(frames, "RescaleType")
    if rescale not in {None, "HU"}:
        raise NotCalibrated("allowed for CT: HU", keyword=named("RescaleType"), value=rescale)
    return Unit.HOUNSFIELD, "HU"


def _of_pet(units: str, suv_type: str | None) -> tuple[Unit, str]:
    """Unit of PET by Units and SUVType."""
    if units in _BY_UNITS:
        return _BY_UNITS[units], units
    if (units, suv_type) in _BY_SUV_TYPE:
        return _BY_SUV_TYPE[units, suv_type], f"{units} {suv_type or ''}".strip()
    if units in {"GML", "CM2ML"}:
        allowed = ", ".join(kind for unit, kind in _BY_SUV_TYPE if unit == units and kind)
        raise NotCalibrated(
            f"allowed with Units {units}: {allowed}", keyword=named("SUVType"), value=suv_type
        )
    raise NotCalibrated(
        f"allowed: {', '.join([*_BY_UNITS, 'GML', 'CM2ML'])}", keyword=named("Units"), value=units
    )


def _require_no_intercept(frames: Sequence[Header], *, mapped: bool) -> None:
    """Refuse SUV where zero activity is not stored as zero (PS3.3 C.8.9.4: the intercept is 0).

    It is the intercept of the value map where that gives the unit, else that of the rescaling.
    """
    keyword = "RealWorldValueIntercept" if mapped else "RescaleIntercept"
    if mapped:
        found = [one.intercept for one in value_maps(frames) or ()]
    else:
        found = [frame.need_number(keyword) for frame in frames if frame.text(keyword) is not None]
    for intercept in found:
        if intercept != 0:
            raise NotCalibrated("SUV needs 0", keyword=named(keyword), value=intercept)


def _to_suv(
    own: Unit, label: str, wanted: Unit, frames: Sequence[Header], record: Record
) -> Scaling:
    """Stored unit to SUVbw, and from that to the wanted SUV."""
    if own is Unit.ARBITRARY:
        raise NotCalibrated("the unit is not told", keyword=named("Units"), value=None)
    if own in SUV_UNITS:
        _require_stated_corrections(frames, record)
        rule = f"{label} is {own.value} already"
        if wanted is own:
            return Scaling(factors=(1.0,) * len(frames), rule=f"{rule}, not scaled again")
        to_bw = (1.0 / per_body_weight(own, frames, record),) * len(frames)
        base = Scaling(factors=to_bw, rule=rule)
    elif own is Unit.BQML:
        base = suv.from_activity(frames, record)
    elif label == "CNTS":
        base = suv.from_philips_counts(frames, record)
    else:
        raise NotCalibrated(f"SUV cannot be had from {own.value}", keyword="unit", value=label)
    ratio = per_body_weight(wanted, frames, record)
    factors = tuple(ratio * one for one in base.factors)
    return Scaling(factors=factors, rule=f"{label} to {wanted.value}, {base.rule}")


def _require_stated_corrections(frames: Sequence[Header], record: Record) -> None:
    """Corrections of an SUV that the scanner computed: refused where stated without, else warned.

    The scanner vouches for its own SUV, so that an absent CorrectedImage (0028,0051), which
    converters lose, is no reason to refuse; a list without attenuation or decay is one.
    """
    if common_text(frames, "DecayCorrection") == "NONE":
        keyword = named("DecayCorrection")
        raise NotCalibrated("a stored SUV is decay corrected", keyword=keyword, value="NONE")
    if any(frame.text("DecayCorrected") == "NO" for frame in frames):
        keyword = named("DecayCorrected")
        raise NotCalibrated("a stored SUV is decay corrected", keyword=keyword, value="NO")
    if any(frame.text(keyword) for frame in frames for keyword in _CORRECTIONS_STATED):
        suv.require_corrections(frames, record)
    else:
        record.warn("CorrectedImage is absent: corrections of the stored SUV are not told")


def _provenance(label: str, scaling: Scaling, record: Record) -> UnitProvenance:
    """Record of a conversion, with one factor where all are the same."""
    factors = scaling.factors
    low, high = min(factors, default=0.0), max(factors, default=0.0)
    if factors and high - low <= _SAME_FACTOR * high:
        factors = factors[:1]
    return UnitProvenance(
        stored_unit=label,
        rule=scaling.rule,
        factors=factors,
        values=dict(record.values),
        warnings=tuple(record.warnings),
    )

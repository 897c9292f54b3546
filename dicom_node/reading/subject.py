"""Weight, height and sex of the patient as SUV needs them, and masses that follow from them."""

from collections.abc import Callable, Mapping, Sequence

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading import body
from dicom_node.reading.body import Sex
from dicom_node.reading.header import Header, named
from dicom_node.reading.record import Record, common_text

# Beyond these no person is meant: another unit or a typing error. The heaviest person on record
# weighed 635 kg, the tallest measured 2.72 m.
_WEIGHT_KG = (0.3, 650.0)
_HEIGHT_M = (0.3, 2.8)
_SOURCES = {
    Unit.SUVLBM: "lean body mass after James 1976 (DCM 126411)",
    Unit.SUVLBM_JAMES128: "lean body mass after James, multiplier 128 (DCM 126415)",
    Unit.SUVLBM_JANMA: "lean body mass after Janmahasatian 2005 (DCM 126414)",
    Unit.SUVIBW: "ideal body weight (DCM 126413)",
    Unit.SUVBSA: "body surface area after Du Bois 1916 (DCM 126412)",
}
_LEAN: Mapping[Unit, Callable[..., float]] = {
    Unit.SUVLBM: body.lean_body_mass_james_kg,
    Unit.SUVLBM_JAMES128: body.lean_body_mass_james128_kg,
    Unit.SUVLBM_JANMA: body.lean_body_mass_janmahasatian_kg,
}


def weight_kg(frames: Sequence[Header], record: Record) -> float:
    """PatientWeight (0010,1030) in kilograms; a value above 1000 is taken as grams, with a warning.

    Raises
    ------
    MissingAttribute
        Where it is absent or 0, which scanners write for "not entered".
    NotCalibrated
        Where it is no weight of a person, or differs within the series.
    """
    value = _measure(frames, "PatientWeight")
    if value > 1000:
        record.warn(f"PatientWeight {value:g} was taken as grams")
        value /= 1000.0
    _within(value, _WEIGHT_KG, "PatientWeight", "kg")
    record.note("PatientWeight", value)
    return value


def height_m(frames: Sequence[Header], record: Record) -> float:
    """PatientSize (0010,1020) in metres; a value above 3 is taken as centimetres, with a warning.

    Raises as `weight_kg`.
    """
    value = _measure(frames, "PatientSize")
    if value > 3:
        record.warn(f"PatientSize {value:g} was taken as centimetres")
        value /= 100.0
    _within(value, _HEIGHT_M, "PatientSize", "m")
    record.note("PatientSize", value)
    return value


def _measure(frames: Sequence[Header], keyword: str) -> float:
    """Positive number of an attribute that all slices share."""
    common_text(frames, keyword)
    value = frames[0].need_number(keyword)
    if value == 0:
        raise MissingAttribute("0 stands for not entered", keyword=named(keyword), value=value)
    return value


def _within(value: float, allowed: tuple[float, float], keyword: str, unit: str) -> None:
    """Refuse what no person measures."""
    if not allowed[0] <= value <= allowed[1]:
        raise NotCalibrated(
            f"allowed for a person: {allowed[0]:g} to {allowed[1]:g} {unit}",
            keyword=named(keyword),
            value=value,
        )


def _sexes(frames: Sequence[Header], record: Record) -> tuple[Sex, ...]:
    """Sexes whose formulas apply: one, or both where PatientSex (0010,0040) is O."""
    common_text(frames, "PatientSex")
    sex = frames[0].need_text("PatientSex")
    record.note("PatientSex", sex)
    if sex == "O":
        record.warn("PatientSex is O: mean of the formulas for men and women")
        return Sex.MALE, Sex.FEMALE
    if sex not in set(Sex):
        raise NotCalibrated("allowed: M, F, O", keyword=named("PatientSex"), value=sex)
    return (Sex(sex),)


def per_body_weight(unit: Unit, frames: Sequence[Header], record: Record) -> float:
    """What SUVbw is multiplied by to become an SUV of another body measure.

    Lean mass or ideal weight in g per g of weight, or body surface in cm2 per g of weight; 1 for
    SUVbw itself. The definitions are those of the IBSI manual on SUV computation (Vacha et al.
    2026).

    Raises
    ------
    MissingAttribute, NotCalibrated
        Where weight, height or sex are absent or allow no such measure.
    """
    if unit is Unit.SUVBW:
        return 1.0
    weight = weight_kg(frames, record)
    try:
        measure = _measure_of(unit, weight, frames, record)
    except ValueError as cause:
        raise NotCalibrated(str(cause)) from cause
    record.note(_SOURCES[unit], measure)
    return 10.0 * measure / weight if unit is Unit.SUVBSA else measure / weight


def _measure_of(unit: Unit, weight: float, frames: Sequence[Header], record: Record) -> float:
    """Lean mass or ideal weight in kilograms, or body surface in square metres."""
    height = height_m(frames, record)
    if unit is Unit.SUVBSA:
        return body.body_surface_area_m2(weight_kg=weight, height_m=height)
    sexes = _sexes(frames, record)
    if unit is Unit.SUVIBW:
        masses = [body.ideal_body_weight_kg(height_m=height, sex=sex) for sex in sexes]
    else:
        formula = _LEAN[unit]
        masses = [formula(weight_kg=weight, height_m=height, sex=sex) for sex in sexes]
    return sum(masses) / len(masses)

"""Lean body mass and body surface, for SUL and for distances per body surface."""

import math


def lean_body_mass_kg(*, weight_kg: float, height_m: float, sex: str) -> float:
    """Lean body mass after Janmahasatian, the formula for SUL that PERCIST's authors now prefer.

    Source: Janmahasatian et al., Clin Pharmacokinet 2005;44:1051; men 9270 W / (6680 + 216 BMI),
    women 9270 W / (8780 + 244 BMI); fitted to adults.

    Parameters
    ----------
    sex : ``M`` or ``F``

    Raises
    ------
    ValueError
        Where the formula does not hold: another sex, no size, no weight.
    """
    if sex not in {"M", "F"}:
        raise ValueError(f"lean body mass needs PatientSex M or F, not {sex!r}")
    _check(weight_kg, height_m)
    constant, slope = (6680.0, 216.0) if sex == "M" else (8780.0, 244.0)
    return 9270.0 * weight_kg / (constant + slope * weight_kg / height_m**2)


def body_surface_m2(*, weight_kg: float, height_m: float) -> float:
    """Body surface after Du Bois: 0.007184 W^0.425 H^0.725, H in centimetres.

    Source: Du Bois and Du Bois, Arch Intern Med 1916;17:863.
    """
    _check(weight_kg, height_m)
    return float(0.007184 * weight_kg**0.425 * (100.0 * height_m) ** 0.725)


def _check(weight_kg: float, height_m: float) -> None:
    for name, value in (("weight", weight_kg), ("height", height_m)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value}; a body has more than 0")

"""Lean body mass, ideal body weight and body surface area: one function for each formula.

The multipliers are those of the SUV calculation methods of PS3.16 (DCM 126411 to 126415) and of the
IBSI manual on SUV computation (Vacha et al. 2026). They were fitted to adults; weight and height
that give a negative mass, or more lean mass than weight, are refused by ValueError.
"""

import math
from enum import StrEnum


class Sex(StrEnum):
    """Values of PatientSex (0010,0040) for which the formulas were fitted."""

    MALE = "M"
    FEMALE = "F"


def _within(result: float, most: float, formula: str) -> float:
    """Give the result back if it lies above 0 and not above the most that it can be."""
    if not 0 < result <= most:
        raise ValueError(f"{formula} gives {result:.4g}; weight or height is outside its range")
    return result


def lean_body_mass_james_kg(*, weight_kg: float, height_m: float, sex: Sex) -> float:
    """Lean body mass after James (DCM 126411; SUVType LBM).

    Source: James, Research on obesity, HMSO 1976; male 1.10 W - 120 (W/H)^2, female
    1.07 W - 148 (W/H)^2, with H in centimetres.
    """
    ratio = weight_kg / (100.0 * height_m)
    linear, square = (1.10, 120.0) if sex is Sex.MALE else (1.07, 148.0)
    return _within(linear * weight_kg - square * ratio**2, weight_kg, "lean body mass (James)")


def lean_body_mass_james128_kg(*, weight_kg: float, height_m: float, sex: Sex) -> float:
    """Lean body mass after James with the multiplier 128 for men (DCM 126415; LBMJAMES128).

    Source: Morgan and Bray, Arch Intern Med 154:1815 (1994), where 120 of the original became 128;
    several scanners use it. The formula for women is that of James.
    """
    ratio = weight_kg / (100.0 * height_m)
    linear, square = (1.10, 128.0) if sex is Sex.MALE else (1.07, 148.0)
    return _within(linear * weight_kg - square * ratio**2, weight_kg, "lean body mass (James 128)")


def lean_body_mass_janmahasatian_kg(*, weight_kg: float, height_m: float, sex: Sex) -> float:
    """Lean body mass after Janmahasatian (DCM 126414; SUVType LBMJANMA); recommended by EANM.

    Source: Janmahasatian et al., Clin Pharmacokinet 44:1051 (2005); 9270 W / (6680 + 216 BMI) for
    men and 9270 W / (8780 + 244 BMI) for women.
    """
    body_mass_index = weight_kg / height_m**2
    constant, slope = (6680.0, 216.0) if sex is Sex.MALE else (8780.0, 244.0)
    lean = 9270.0 * weight_kg / (constant + slope * body_mass_index)
    return _within(lean, weight_kg, "lean body mass (Janmahasatian)")


def ideal_body_weight_kg(*, height_m: float, sex: Sex) -> float:
    """Ideal body weight (DCM 126413; SUVType IBW).

    Source: Sugawara et al., Radiology 213:521 (1999); male 48.0 + 1.06 (H - 152), female
    45.5 + 0.91 (H - 152), with H in centimetres.
    """
    constant, slope = (48.0, 1.06) if sex is Sex.MALE else (45.5, 0.91)
    return _within(constant + slope * (100.0 * height_m - 152.0), math.inf, "ideal body weight")


def body_surface_area_m2(*, weight_kg: float, height_m: float) -> float:
    """Body surface area (DCM 126412; SUVType BSA), the same for both sexes.

    Source: Du Bois and Du Bois, Arch Intern Med 17:863 (1916); 0.007184 W^0.425 H^0.725, with H in
    centimetres.
    """
    return 0.007184 * math.pow(weight_kg, 0.425) * math.pow(100.0 * height_m, 0.725)

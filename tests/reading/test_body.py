"""Body measures against the test vector of the IBSI manual, and their limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.reading import body
from dicom_node.reading.body import Sex

MAN = {"weight_kg": 75.0, "height_m": 1.75, "sex": Sex.MALE}
WOMAN = {"weight_kg": 60.0, "height_m": 1.65, "sex": Sex.FEMALE}


def test_formulas_give_the_published_values_of_a_man_of_75_kg_and_175_cm() -> None:
    assert body.lean_body_mass_james_kg(**MAN) == pytest.approx(60.46, abs=0.005)
    assert body.lean_body_mass_james128_kg(**MAN) == pytest.approx(58.99, abs=0.005)
    assert body.lean_body_mass_janmahasatian_kg(**MAN) == pytest.approx(58.08, abs=0.005)
    assert body.ideal_body_weight_kg(height_m=1.75, sex=Sex.MALE) == pytest.approx(72.38)
    assert body.body_surface_area_m2(weight_kg=75.0, height_m=1.75) == pytest.approx(
        1.9031, abs=5e-5
    )


def test_formulas_for_women_are_their_own() -> None:
    james = 1.07 * 60 - 148 * (60 / 165) ** 2
    assert body.lean_body_mass_james_kg(**WOMAN) == pytest.approx(james)
    assert body.lean_body_mass_james128_kg(**WOMAN) == pytest.approx(james)
    janmahasatian = 9270 * 60 / (8780 + 244 * 60 / 1.65**2)
    assert body.lean_body_mass_janmahasatian_kg(**WOMAN) == pytest.approx(janmahasatian)
    assert body.ideal_body_weight_kg(height_m=1.65, sex=Sex.FEMALE) == pytest.approx(57.33)


def test_a_weight_beyond_the_parabola_of_james_gives_no_negative_mass() -> None:
    with pytest.raises(ValueError, match="lean body mass"):
        body.lean_body_mass_james_kg(weight_kg=300.0, height_m=1.5, sex=Sex.FEMALE)
    with pytest.raises(ValueError, match="James 128"):
        body.lean_body_mass_james128_kg(weight_kg=300.0, height_m=1.5, sex=Sex.MALE)


def test_a_small_child_has_no_ideal_body_weight_by_a_formula_for_adults() -> None:
    with pytest.raises(ValueError, match="ideal body weight"):
        body.ideal_body_weight_kg(height_m=0.9, sex=Sex.MALE)


def test_more_lean_mass_than_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="Janmahasatian"):
        body.lean_body_mass_janmahasatian_kg(weight_kg=40.0, height_m=2.0, sex=Sex.MALE)
    with pytest.raises(ValueError, match="James"):
        body.lean_body_mass_james_kg(weight_kg=25.0, height_m=1.75, sex=Sex.MALE)


@given(
    body_mass_index=st.floats(14, 45),
    height_m=st.floats(1.3, 2.1),
    sex=st.sampled_from(list(Sex)),
)
def test_lean_mass_is_part_of_the_weight(body_mass_index: float, height_m: float, sex: Sex) -> None:
    weight_kg = body_mass_index * height_m**2
    lean = body.lean_body_mass_janmahasatian_kg(weight_kg=weight_kg, height_m=height_m, sex=sex)
    assert 0.3 * weight_kg < lean < weight_kg

from pathlib import Path

import numpy as np
import pytest
from contract.command import only_series
from contract.published import (
    GA68_S,
    Object,
    Phantom,
    factors_of,
    read_phantom,
    write_object,
)
from contract.published_objects import OBJECTS
from contract.published_refusals import REFUSED, Refused


@pytest.fixture(scope="module")
def phantom(shared_data: Path) -> Phantom:
    return read_phantom(shared_data / "suv-reference-objects" / "DRO_0_0" / "PT")


@pytest.mark.parametrize("wanted", OBJECTS, ids=str)
def test_an_object_has_the_published_suv(phantom: Phantom, wanted: Object, tmp_path: Path) -> None:
    stored = write_object(phantom, wanted, tmp_path / "object")
    series = only_series(tmp_path)
    assert series["suvbw_factor"] is not None, series["reasons"]
    factors = factors_of(series)
    truth = np.array([1.0 / wanted.stored_per_suv(index) for index in range(len(stored))])
    np.testing.assert_allclose(factors, truth, rtol=wanted.relative)
    suv = (stored * factors[:, None, None])[phantom.inside]
    found = [f"{value:.2f}" for value in (suv.min(), np.median(suv), suv.max())]
    assert found == ["0.20", "1.00", "4.00"]


def test_a_half_life_in_doubt_has_its_factor_told_and_starts_nothing(
    phantom: Phantom, tmp_path: Path
) -> None:
    wanted = Object(
        name="half-life of Ga-68 with the code of F-18", given={"RadionuclideHalfLife": GA68_S}
    )
    write_object(phantom, wanted, tmp_path / "object")
    series = only_series(tmp_path)
    assert (series["tracer"], series["routes"]) == (None, [])
    assert series["suvbw_factor"] is not None
    (told,) = [one["message"] for one in series["reasons"] if one["code"] == "conflicting-tracer"]
    assert "4062.6 s" in told
    assert "F-18" in told


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_an_object_without_an_answer_is_refused_by_name(
    phantom: Phantom, refused: Refused, tmp_path: Path
) -> None:
    write_object(phantom, refused.wanted, tmp_path / "object")
    series = only_series(tmp_path)
    assert (series["suvbw_factor"], series["suv_rule"], series["routes"]) == (None, None, [])
    messages = [one["message"] for one in series["reasons"] if one["code"] == refused.code]
    assert any(refused.names.casefold() in message.casefold() for message in messages), messages

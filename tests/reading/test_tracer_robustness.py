"""Whatever a header holds, it gets a tracer with evidence or a reason, and no exception."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tracer_headers import C11, F18, GA68, LU177, TC99M, header_of, pet

from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.tracer import TracerFinding
from dicom_node.reading.exam import find_exam
from dicom_node.reading.header import read_header
from dicom_node.reading.tracer import find_tracer
from dicom_node.reading.tracer_table import RADIONUCLIDES_OF

WORDS = "FDG PSMA PSMA-617 met MET FET 18F F-18 68Ga Ga-68 11C 177Lu DOTATATE choline mibi brain"
PIECES = [*WORDS.split(" "), *"()[]^-_/, x18F\u0130", "-1007", "99mTc", "fluoro"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
NUCLIDES = st.sampled_from([None, F18, GA68, C11, TC99M, LU177])


def assert_sound(finding: TracerFinding) -> None:
    assert finding.evidence
    if finding.tracer is not None:
        assert finding.conflict is None
        assert finding.radionuclide in RADIONUCLIDES_OF[finding.tracer]


@settings(max_examples=150, deadline=None)
@given(drug=TEXTS, description=TEXTS, nuclide=NUCLIDES, half_life=st.floats(allow_nan=False))
def test_any_text_is_found_or_held(
    drug: str, description: str, nuclide: tuple[str, str] | None, half_life: float
) -> None:
    assert_sound(find_tracer(pet(drug, nuclide=nuclide, SeriesDescription=description)))
    half_life = max(min(half_life, 1e12), -1e12)  # DS has 16 characters
    assert_sound(find_tracer(pet(drug, nuclide=nuclide, half_life=float(f"{half_life:.6g}"))))


@pytest.mark.filterwarnings("ignore:The value length")
@pytest.mark.parametrize("piece", ["fluoro-", "no ", "adeno ", "psma", "18", "((((", "hmpao label"])
def test_a_text_of_absurd_length_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * 2000
    header = header_of("PT", [], {"SeriesDescription": text, "StudyDescription": text})
    start = time.perf_counter()
    find_tracer(header)
    find_exam(header)
    assert time.perf_counter() - start < 2  # seconds


@pytest.mark.filterwarnings("ignore:Expected explicit VR")
def test_no_real_file_makes_it_fail(shared_data: Path) -> None:
    read = 0
    for path in sorted((shared_data / "robustness").rglob("*")):
        if not path.is_file():
            continue
        try:
            header = read_header(path)
        except UnreadableInstance:
            continue
        read += 1
        assert_sound(find_tracer(header))
        find_exam(header)
    assert read > 50

"""Nuclide and tracer tables agree with the standard's own context groups and with themselves."""

from itertools import combinations

import pytest
from pydicom.sr._snomed_dict import mapping as snomed
from pydicom.sr.codedict import codes

from dicom_node.domain.tracer import PHANTOM_RADIONUCLIDES
from dicom_node.reading.radionuclides import (
    RADIONUCLIDES,
    by_code,
    by_half_life,
    canonical_scheme,
    fits_modality,
)
from dicom_node.reading.tracer_entry import TracerEntry
from dicom_node.reading.tracer_table import ENTRIES, TRACERS, tracer_of_code
from dicom_node.reading.tracer_text import namings, nuclides_named

# In no context group: GE's own code of FDG.
_OUTSIDE_THE_STANDARD = {("Y-X1743", "SRT")}


def _group(number: int) -> set[tuple[str, str]]:
    group = getattr(codes, f"cid{number}")
    return {
        (getattr(group, name).value, getattr(group, name).scheme_designator) for name in group.dir()
    }


def _meanings(*numbers: int) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for number in numbers:
        group = getattr(codes, f"cid{number}")
        for name in group.dir():
            one = getattr(group, name)
            found.setdefault((one.value, one.scheme_designator), set()).add(one.meaning)
    return found


@pytest.mark.parametrize("name", RADIONUCLIDES)
def test_a_nuclide_has_the_code_of_cid_18_or_4020_and_its_snomed_rt_twin(name: str) -> None:
    nuclide = RADIONUCLIDES[name]
    sct, srt = nuclide.codes
    assert f"^{name.split('-')[1]}^" in sct.meaning
    assert sct.meaning in _meanings(18, 4020)[sct.value, "SCT"]
    assert snomed["SCT"][sct.value] == srt.value


@pytest.mark.parametrize("name", RADIONUCLIDES)
def test_positron_emitters_are_those_of_cid_4020(name: str) -> None:
    nuclide = RADIONUCLIDES[name]
    assert nuclide.positron_emitter == ((nuclide.codes[0].value, "SCT") in _group(4020))


@pytest.mark.parametrize("name", RADIONUCLIDES)
def test_gamma_cameras_see_the_nuclides_of_cid_18(name: str) -> None:
    nuclide = RADIONUCLIDES[name]
    assert fits_modality(nuclide, "NM") == ((nuclide.codes[0].value, "SCT") in _group(18))
    assert fits_modality(nuclide, "PT") == nuclide.positron_emitter
    assert fits_modality(nuclide, "CT")


@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM", "snm3"])
def test_older_names_of_snomed_rt_are_the_same_scheme(scheme: str) -> None:
    assert by_code(" C-111A1 ", scheme) is RADIONUCLIDES["F-18"]
    assert canonical_scheme(scheme) == "SRT"


def test_a_code_of_another_scheme_or_value_is_no_nuclide() -> None:
    assert by_code("77004003", "SRT") is None
    assert by_code("C-111A1", "99VENDOR") is None
    assert by_code("35321007", "SCT") is None


@pytest.mark.parametrize(
    ("seconds", "names"),
    [
        (6588.0, {"F-18"}),
        (6584.0, {"F-18"}),
        (6586.2 * 1.0199, {"F-18"}),
        (6586.2 * 1.0201, set()),
        (6586.2 * 0.9801, {"F-18"}),
        (6586.2 * 0.9799, set()),
        (4080.0, {"Ga-68"}),
        (75.0, {"Rb-82"}),
        (21_600.0, {"Tc-99m"}),
        (280_000.0, {"Ga-67", "Zr-89"}),
        (109.77, set()),
        (float("nan"), set()),
    ],
)
def test_a_half_life_within_two_percent_names_the_nuclide(seconds: float, names: set[str]) -> None:
    assert {one.name for one in by_half_life(seconds)} == names


def test_half_lives_are_ambiguous_for_one_pair_only() -> None:
    pairs = {
        (one.name, other.name)
        for one, other in combinations(RADIONUCLIDES.values(), 2)
        if other in by_half_life(one.half_life_s) or one in by_half_life(other.half_life_s)
    }
    assert pairs == {("Zr-89", "Ga-67")}


def test_phantom_sources_are_nuclides_that_no_tracer_is_made_with() -> None:
    for name in PHANTOM_RADIONUCLIDES:
        assert name in RADIONUCLIDES
        assert all(name not in tracer.radionuclides for tracer in TRACERS.values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_tracer_codes_and_meanings_are_those_of_the_standard(entry: TracerEntry) -> None:
    meanings = _meanings(25, 4021, 3111)
    for one in entry.codes:
        value, scheme = one.code.value, one.code.scheme
        assert tracer_of_code(value, scheme) == (entry.name, one.radionuclide)
        if scheme == "SRT":
            if (value, scheme) not in _OUTSIDE_THE_STANDARD:
                twins = [code.code.value for code in entry.codes if code.code.scheme == "SCT"]
                assert value in [snomed["SCT"].get(twin) for twin in twins]
            continue
        assert one.code.meaning in meanings[value, scheme]
        assert one.radionuclide.split("-")[1] in one.code.meaning


def test_no_code_names_two_tracers() -> None:
    every = [(code.value, code.scheme) for tracer in TRACERS.values() for code in tracer.codes]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_tracer_is_made_with_nuclides_of_the_table(entry: TracerEntry) -> None:
    assert set(entry.radionuclides) <= set(RADIONUCLIDES)
    assert {one.radionuclide for one in entry.codes} <= set(entry.radionuclides)


def test_a_word_that_tracers_share_proves_the_same_for_all_of_them() -> None:
    uses: dict[str, set[str]] = {}
    for entry in ENTRIES:
        for use in ("clear", "short", "drug_field"):
            for word in getattr(entry, use):
                uses.setdefault(word, set()).add(use)
    assert {word: found for word, found in uses.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("18F", {"F-18"}),
        ("F18", {"F-18"}),
        ("[18F]", {"F-18"}),
        ("^18^Fluorine", {"F-18"}),
        ("F^18^[^18^Fluorine]", {"F-18"}),
        ("fluorine-18", {"F-18"}),
        ("68Ga", {"Ga-68"}),
        ("Ga 68", {"Ga-68"}),
        ("GALLIUM-68", {"Ga-68"}),
        ("99mTc", {"Tc-99m"}),
        ("Tc-99m", {"Tc-99m"}),
        ("TC99", {"Tc-99m"}),
        ("123I and 201Tl", {"I-123", "Tl-201"}),
        ("68GaPSMA", {"Ga-68"}),
        ("18FDG", {"F-18"}),
        ("F 18 y", set()),
        ("18 frames", set()),
        ("18fr", set()),
        ("in 111 cases", set()),
        ("F-180", set()),
        ("2118F", set()),
        ("gallium", set()),
    ],
)
def test_nuclides_are_read_from_text(text: str, names: set[str]) -> None:
    assert nuclides_named(text) == names


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("PSMA-1007", "psma-1007"),
        ("PSMA 11", "psma 11"),
        ("Fluoro-choline", "fluoro-choline"),
        ("DOTA-octreotide", "dota-octreotide"),
        ("HMPAO labelled leukocytes", "hmpao labelled leukocytes"),
        ("BAY 94-9172", "bay 94-9172"),
    ],
)
def test_of_nested_words_the_longest_counts(text: str, word: str) -> None:
    assert [one.word for one in namings(text)] == [word]


@pytest.mark.parametrize(
    "text", ["", "Solution", "metastatic", "FETALE", "PET CT", "İ" * 300, "((("]
)
def test_text_that_names_nothing_gives_nothing(text: str) -> None:
    assert list(namings(text)) == []
    assert nuclides_named(text) == frozenset()

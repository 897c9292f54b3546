"""Tracers are found by evidence that agrees; every other header is held with its reason."""

from pathlib import Path

import pytest
from pydicom import Dataset
from tracer_cases import FOUND
from tracer_headers import F18, GA68, GE68, TC99M, Row, drug_item, header_of, nm, pet
from tracer_hold_cases import HELD

from dicom_node.domain.errors import ConfigError
from dicom_node.reading.header import Header, read_header
from dicom_node.reading.site_tracers import (
    NO_SITE_TRACERS,
    SiteRule,
    SiteTracers,
    read_site_tracers,
)
from dicom_node.reading.tracer import find_tracer, is_single_photon
from dicom_node.reading.tracer_table import RADIONUCLIDES_OF, TRACERS

CONFIG = Path(__file__).resolve().parents[2] / "config" / "tracers.toml"


@pytest.mark.parametrize("row", FOUND, ids=str)
def test_the_tracer_is_found_by_its_evidence(row: Row) -> None:
    finding = find_tracer(row.header)
    assert finding.tracer == row.tracer, finding
    assert finding.conflict is None
    assert finding.radionuclide in RADIONUCLIDES_OF[finding.tracer]
    for part in row.said:
        assert part in finding.evidence


@pytest.mark.parametrize("row", HELD, ids=str)
def test_the_series_is_held_with_a_reason(row: Row) -> None:
    finding = find_tracer(row.header)
    assert finding.tracer is None, finding
    assert (finding.conflict is not None) == row.conflict, finding
    assert finding.evidence
    for part in row.said:
        assert part in (finding.conflict or finding.evidence)


def test_the_table_of_variants_is_as_large_as_it_should_be() -> None:
    names = [row.name for row in FOUND + HELD]
    assert len(names) == len(set(names))
    assert len(names) >= 150


def test_the_evidence_of_the_nuclide_is_told_with_every_source() -> None:
    finding = find_tracer(pet("F-18 FDG", nuclide=F18, half_life=6586.2))
    assert finding.evidence == (
        "Radiopharmaceutical (0018,0031) = 'F-18 FDG'; nuclide F-18 by RadionuclideCodeSequence "
        "(0054,0300) = 77004003 SCT and RadionuclideHalfLife (0018,1075) = 6586.2 s and "
        "Radiopharmaceutical (0018,0031) = 'F-18 FDG'"
    )


def test_a_description_is_quoted_by_its_word_only() -> None:
    finding = find_tracer(pet(nuclide=F18, StudyDescription="FDG for Jane Doe"))
    assert "jane" not in finding.evidence.lower()


def test_a_half_life_of_zero_is_not_filled_in() -> None:
    assert find_tracer(pet("FDG", nuclide=F18, half_life=0)).tracer == "FDG"


def test_a_long_code_value_is_read_too() -> None:
    item = Dataset()
    item.LongCodeValue, item.CodingSchemeDesignator = "35321007", "SCT"
    drug = drug_item(nuclide=F18)
    drug.RadiopharmaceuticalCodeSequence = [item]
    assert find_tracer(header_of("PT", [drug], {})).tracer == "FDG"


def test_a_converted_object_is_read_by_its_unassigned_attributes() -> None:
    kept, shared = Dataset(), Dataset()
    kept.RadiopharmaceuticalInformationSequence = [drug_item(drug="FDG", nuclide=F18)]
    shared.UnassignedSharedConvertedAttributesSequence = [kept]
    header = header_of("PT", [], {"SharedFunctionalGroupsSequence": [shared]})
    assert find_tracer(header).tracer == "FDG"


@pytest.mark.parametrize(
    ("header", "phantom"),
    [
        (pet(nuclide=GE68), True),
        (pet("FDG", nuclide=GE68), True),
        (pet("FDG", nuclide=F18), False),
        (pet(), False),
    ],
)
def test_a_ge_68_source_is_known_as_a_phantom(header: Header, phantom: bool) -> None:
    assert find_tracer(header).of_phantom is phantom


@pytest.mark.parametrize(
    ("header", "single_photon"),
    [
        (pet("MDP", nuclide=TC99M), True),
        (pet("Sestamibi"), True),
        (nm("MDP", nuclide=TC99M), True),
        (pet("FDG", nuclide=F18), False),
        (nm("FDG", nuclide=F18), False),
        (pet(), False),
    ],
)
def test_a_spect_is_known_by_its_nuclide_whatever_its_modality(
    header: Header, single_photon: bool
) -> None:
    assert is_single_photon(find_tracer(header)) is single_photon


def _site(tracer: str, **when: tuple[str, ...]) -> SiteTracers:
    return SiteTracers(rules=(SiteRule(tracer=tracer, **when),), file="tracers.toml")


def test_a_site_rule_names_a_tracer_that_the_header_does_not() -> None:
    site = _site("PSMA-1007", station_name=("petct2",))
    finding = find_tracer(pet("Solution", nuclide=F18, StationName="PETCT2"), site)
    assert finding.tracer == "PSMA-1007"
    assert finding.evidence.startswith("site rule 1 of tracers.toml (StationName (0008,1010))")


def test_a_site_rule_settles_what_the_header_leaves_open() -> None:
    site = _site("DCFPYL", station_name=("petct2",))
    assert find_tracer(pet("PSMA", nuclide=F18, StationName="PETCT2"), site).tracer == "DCFPYL"
    site = _site("MIBG", station_name=("cam1",))
    finding = find_tracer(nm(SeriesDescription="MIBG", StationName="CAM1"), site)
    assert (finding.tracer, finding.radionuclide) == ("MIBG", None)


@pytest.mark.parametrize(
    "header",
    [
        pet("PSMA", nuclide=F18, StationName="S"),
        pet(nuclide=GA68, StationName="S"),
    ],
)
def test_a_site_rule_that_contradicts_the_header_is_a_conflict(header: Header) -> None:
    finding = find_tracer(header, _site("FDG", station_name=("s",)))
    assert finding.tracer is None
    assert "site rule 1" in (finding.conflict or "")


def test_two_site_rules_that_disagree_are_a_conflict() -> None:
    rules = (
        SiteRule(tracer="FDG", station_name=("s",)),
        SiteRule(tracer="NAF", station_name=("s",)),
    )
    site = SiteTracers(rules=rules, file="tracers.toml")
    finding = find_tracer(pet(nuclide=F18, StationName="S"), site)
    assert finding.conflict is not None
    assert "site rule 1" in finding.conflict
    assert "site rule 2" in finding.conflict


@pytest.mark.parametrize(
    "header",
    [
        pet("FDG", nuclide=F18, StationName="S"),  # the header has named it
        pet(nuclide=F18),  # no station: no match
        pet(nuclide=F18, StationName="S2"),
        pet(code=("126704", "DCM"), StationName="S"),  # the code names something else
        pet(nuclide=GE68, StationName="S"),
        header_of("CT", [], {"StationName": "S"}),
    ],
)
def test_a_site_rule_is_not_asked_or_does_not_match(header: Header) -> None:
    finding = find_tracer(header, _site("NAF", station_name=("s",)))
    assert finding.tracer != "NAF"
    assert finding.conflict is None


def test_all_conditions_of_a_site_rule_must_hold() -> None:
    site = _site(
        "NAF", manufacturer_contains=("siemens", "ge"), series_description_contains=("bone",)
    )
    both = pet(nuclide=F18, Manufacturer="SIEMENS", SeriesDescription="WB BONE")
    one = pet(nuclide=F18, Manufacturer="SIEMENS", SeriesDescription="WB")
    assert find_tracer(both, site).tracer == "NAF"
    assert find_tracer(one, site).tracer is None


def test_a_site_rule_without_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="condition"):
        SiteRule(tracer="FDG")


def test_a_site_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tracers.toml"
    path.write_text(
        '[[rules]]\ntracer = "NAF"\n'
        'when = { station_name = ["A", "b"], series_description_contains = "Bone" }\n'
    )
    site = read_site_tracers(path)
    assert site.file == "tracers.toml"
    (rule,) = site.rules
    assert rule.station_name == ("a", "b")
    assert rule.series_description_contains == ("bone",)


def test_the_site_file_that_is_shipped_has_no_rule_and_its_examples_are_valid(
    tmp_path: Path,
) -> None:
    assert read_site_tracers(CONFIG).rules == ()
    uncommented = tmp_path / "tracers.toml"
    lines = CONFIG.read_text().splitlines()
    examples = [line[2:] for line in lines if line.startswith(("# [[", "# tracer =", "# when ="))]
    uncommented.write_text("\n".join(examples))
    assert [rule.tracer for rule in read_site_tracers(uncommented).rules] == [
        "PSMA-1007",
        "SESTAMIBI",
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[[rule]]\n", "rule"),
        ("rules = 1\n", "rules"),
        ("rules = [1]\n", "rules[1]"),
        ('[[rules]]\ntracer = "FDG"\nwhen = {}\n', "rules[1].when"),
        ('[[rules]]\ntracer = "FDG"\n', "rules[1].when"),
        ('[[rules]]\nwhen = { station_name = "A" }\n', "rules[1].tracer"),
        ('[[rules]]\ntracer = "FGD"\nwhen = { station_name = "A" }\n', "rules[1].tracer"),
        ('[[rules]]\ntracer = "FDG"\nwhen = { aet = "A" }\n', "rules[1].when.aet"),
        ('[[rules]]\ntracer = "FDG"\nwhen = { station_name = 1 }\n', "rules[1].when.station_name"),
        ('[[rules]]\ntracer = "FDG"\nwhen = { station_name = "" }\n', "rules[1].when.station_name"),
        ('[[rules]]\ntracer = "FDG"\nnote = "x"\n', "rules[1].note"),
        ("[[rules\n", "syntax"),
    ],
)
def test_a_wrong_site_file_is_refused_by_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "tracers.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_site_tracers(path)
    assert caught.value.key == key
    assert caught.value.file == str(path)


def test_a_site_file_that_is_not_there_has_no_rules(tmp_path: Path) -> None:
    assert read_site_tracers(tmp_path / "nowhere.toml") == NO_SITE_TRACERS


REAL = (
    ("petct-fdg-ge/PT_PET_AC_*/*", "FDG"),
    ("petct-fdg-ge/PT_PET_NAC_*/*", "FDG"),
    ("petct-fdg-ge/CT_*/*", None),
    ("single-slices/siemens_mct_fdg.dcm", "FDG"),
    ("single-slices/ge_discovery_st_jpeg_lossless.dcm", "FDG"),
    ("single-slices/flt.dcm", None),  # the tracer stands in the attenuation method only
    ("sarcoma-fdg/*/PET/image/*", "FDG"),
    ("sarcoma-fdg/*/CT/image/*", None),
    ("suv-reference-objects/*/PT/*", "FDG"),
    ("nema-iq/*/*", None),
    ("nm/heart_recon_tomo_13_frames.dcm", None),
)


@pytest.mark.parametrize(("pattern", "tracer"), REAL)
def test_real_headers_give_the_right_tracer_or_are_held(
    shared_data: Path, pattern: str, tracer: str | None
) -> None:
    first_of_folder = {path.parent: path for path in sorted(shared_data.glob(pattern))}
    assert first_of_folder
    for path in first_of_folder.values():
        finding = find_tracer(read_header(path))
        assert finding.tracer == tracer, finding
        assert finding.conflict is None
        assert finding.evidence


def test_every_tracer_has_nuclides_and_something_that_names_it() -> None:
    for tracer in TRACERS.values():
        assert tracer.radionuclides
        assert tracer.codes or tracer.text_patterns

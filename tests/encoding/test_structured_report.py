"""The SR says the same as the SEG, with codes and units, and tells what the numbers rest on."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import highdicom as hd
import pydicom
import pytest
from encoding.reports import (
    CARD,
    EQUIPMENT,
    corner_block,
    petct_report,
    report_of,
    segment,
    spect_report,
)
from factories import ct_series, pet_series
from pydicom import Dataset
from pydicom.sr.codedict import codes

from dicom_node.domain import coding
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.result import Classification, Measurement, Result, SegmentationResult
from dicom_node.encoding.encode import encode_report
from dicom_node.encoding.uids import Role, instance_uid, tracking_uid


def datasets_of(report: Report) -> dict[Role, Dataset]:
    made = encode_report(report, EQUIPMENT)
    return {one.role: pydicom.dcmread(BytesIO(one.encoded)) for one in made}


def sr_of(report: Report) -> hd.sr.Comprehensive3DSR:
    made = {one.role: one.encoded for one in encode_report(report, EQUIPMENT)}
    return hd.sr.srread(BytesIO(made[Role.SR]))


def walk(dataset: Dataset) -> Iterator[Dataset]:
    """Content items, from the root down."""
    yield dataset
    for child in dataset.get("ContentSequence", ()):
        yield from walk(child)


def texts(dataset: Dataset) -> list[str]:
    return [item.TextValue for item in walk(dataset) if item.ValueType == "TEXT"]


def test_each_segment_has_a_group_that_shares_its_tracking_uid(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    made = datasets_of(report)
    seg, sr = made[Role.SEG], hd.sr.srread(BytesIO(encode_report(report, EQUIPMENT)[1].encoded))
    groups = sr.content.get_volumetric_roi_measurement_groups()
    assert [group.tracking_uid for group in groups] == [
        one.TrackingUID for one in seg.SegmentSequence
    ]
    assert [group.tracking_identifier for group in groups] == [
        one.TrackingID for one in seg.SegmentSequence
    ]
    for number, group in enumerate(groups, start=1):
        (image,) = (one for one in group[0].ContentSequence if one.ValueType == "IMAGE")
        (reference,) = image.ReferencedSOPSequence
        assert reference.ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == number


def test_measurements_have_concept_derivation_and_ucum_unit(tmp_path: Path) -> None:
    (group, _) = sr_of(petct_report(tmp_path)).content.get_volumetric_roi_measurement_groups()
    found = [
        (m.name.value, m.derivation.value if m.derivation else None, m.value, m.unit.value)
        for m in group.get_measurements()
    ]
    assert found == [
        ("126401", "56851009", pytest.approx(12.345), "g/ml{SUVbw}"),
        ("126401", "373098007", pytest.approx(12.345 * 0.61, rel=5e-6), "g/ml{SUVbw}"),
        ("126401", "126031", pytest.approx(12.345 * 0.83, rel=5e-6), "g/ml{SUVbw}"),
        ("126032", None, pytest.approx(7.9), "ml"),
        ("suvmean-x-volume", None, pytest.approx(7.9 * 12.345 * 0.61, rel=5e-6), "g"),
    ]


@pytest.mark.parametrize("value", [1 / 3 * 1e-7, 123456.789012345678, -2e20, 0.0])
def test_any_finite_number_keeps_its_value_in_six_digits(value: float, tmp_path: Path) -> None:
    odd = Measurement(
        label="odd",
        name=coding.SUVBW,
        value=value,
        unit=coding.G_PER_ML_SUVBW,
        method=coding.SUVBW_METHOD,
    )
    sr = sr_of(report_of(tmp_path, result=Result(measurements=(odd,))))
    group = sr.content.get_image_measurement_groups()[0]
    (found,) = group.get_measurements()
    assert found.value == pytest.approx(value, rel=5e-6)
    assert found.method.value == "126410"


def test_the_numbers_of_a_group_are_told_in_a_line_for_people(tmp_path: Path) -> None:
    said = texts(datasets_of(petct_report(tmp_path))[Role.SR])
    assert (
        "Uptake candidate 1 (41 % of maximum): SUVmax 12.3 g/ml, SUVmean 7.53 g/ml, "
        "SUVpeak 10.2 g/ml, Volume 7.90 ml, SUVmean x volume 59.5 g" in said
    )
    assert "Whole study: Candidates 2" in said


def test_the_algorithm_is_named_with_all_that_decided_the_result(tmp_path: Path) -> None:
    card = replace(CARD, weights_sha256="ab" * 32, training_data="100 simulated studies")
    report = replace(petct_report(tmp_path), card=card)
    said = texts(datasets_of(report)[Role.SR])
    for line in (
        "pet-threshold",
        "1.2.0",
        "fixed threshold = SUVbw 4.0",
        f"weights sha256 = {'ab' * 32}",
        "training data = 100 simulated studies",
    ):
        assert line in said


def test_finding_site_and_side_are_told(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    geometry = report.source.geometry
    lung = coding.Code("39607008", "SCT", "Lung")
    sided = segment(1, corner_block(geometry.shape), site=lung, laterality=coding.LEFT)
    result = Result(
        segmentation=SegmentationResult(role="pet", geometry=geometry, segments=(sided,))
    )
    sr = sr_of(replace(report, result=result))
    (group,) = sr.content.get_volumetric_roi_measurement_groups()
    (site,) = group.finding_sites
    assert (site.value.value, site.laterality.value) == ("39607008", "7771000")
    assert group.finding_type.value == coding.UPTAKE_CANDIDATE.value
    assert group.finding_category.value == coding.SPATIAL_CONCEPT.value


def test_the_run_tells_unit_rule_inputs_warnings_and_limits(tmp_path: Path) -> None:
    said = texts(datasets_of(petct_report(tmp_path))[Role.SR])
    for line in (
        "RESEARCH ONLY - NOT FOR CLINICAL USE",
        "Unit: g/ml{SUVbw}, from BQML by the rule: BQML, DecayCorrection START, reference time = "
        "Series Time (QIBA rule 1)",
        "Unit factor: 0.00042111",
        "Unit input: PatientWeight = 75.0",
        "Warning: the residual activity of the syringe is not in the header",
        "Warning: bladder and brain are not separated from candidates",
        "Definition of SUVpeak: mean of a 1 ml sphere at its best place in the region",
        "Training data: none (deterministic)",
    ):
        assert line in said


def test_a_name_with_two_definitions_says_where_each_holds(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    bounded = [
        replace(one, source="volume of a bounded contour" if one.segment == 2 else "voxels")
        for one in report.result.measurements
        if one.label == "Volume"
    ]
    result = replace(report.result, measurements=tuple(bounded))
    said = texts(datasets_of(replace(report, result=result))[Role.SR])
    assert "Definition of Volume (segment 1): voxels" in said
    assert "Definition of Volume (segment 2): volume of a bounded contour" in said


def test_factors_that_differ_by_instance_are_told_as_a_range(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    rule = replace(report.source.unit_provenance, factors=(2e-4, 3e-4, 2.5e-4))
    report = replace(report, source=replace(report.source, unit_provenance=rule))
    assert "Unit factor: 0.0002 to 0.0003 (3 instances)" in texts(datasets_of(report)[Role.SR])


def test_a_result_without_findings_is_a_report_that_says_so(tmp_path: Path) -> None:
    made = datasets_of(petct_report(tmp_path, result=Result()))
    assert set(made) == {Role.SR, Role.SC}
    assert "The algorithm marked no region in this series." in texts(made[Role.SR])


def test_evidence_lists_every_source_instance_the_companions_and_the_seg(tmp_path: Path) -> None:
    pet, ct = pet_series(), ct_series()
    report = report_of(tmp_path, pet, companions=ct)
    listed = {uid for _, _, uid, _ in sr_of(report).get_evidence()}
    seg = instance_uid(report.result_id, Role.SEG)
    assert listed == {one.SOPInstanceUID for one in (*pet, *ct)} | {seg}


def test_it_is_complete_unverified_and_preliminary(tmp_path: Path) -> None:
    sr = datasets_of(petct_report(tmp_path))[Role.SR]
    assert (sr.CompletionFlag, sr.VerificationFlag, sr.PreliminaryFlag) == (
        "COMPLETE",
        "UNVERIFIED",
        "PRELIMINARY",
    )
    assert sr.ConceptNameCodeSequence[0].CodeValue == "126003"
    assert sr.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    containers = [item for item in walk(sr) if item.ValueType == "CONTAINER"]
    assert {item.ContinuityOfContent for item in containers} == {"SEPARATE"}


def test_the_observer_is_this_device(tmp_path: Path) -> None:
    (context,) = sr_of(petct_report(tmp_path)).content.get_observer_contexts(
        observer_type=codes.DCM.Device
    )
    device = context.observer_identifying_attributes
    assert "RESEARCH ONLY" in device.name
    assert device.serial_number == EQUIPMENT.device_serial_number


def test_a_spect_report_has_a_title_of_its_own_and_an_nm_procedure(tmp_path: Path) -> None:
    # Under the general title (126000, DCM) OHIF looks for outlines and shows nothing without.
    sr = datasets_of(spect_report(tmp_path))[Role.SR]
    assert sr.ConceptNameCodeSequence[0].CodeMeaning == "NM Measurement Report"
    procedures = [
        item.ConceptCodeSequence[0].CodeValue
        for item in walk(sr)
        if item.get("ConceptNameCodeSequence")
        and item.ConceptNameCodeSequence[0].get("CodeValue") == "121058"
    ]
    assert procedures == ["49118-3"]


def test_a_modality_without_a_procedure_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match="Modality of the source is MR; allowed: PT, NM, CT"):
        encode_report(report_of(tmp_path, pet_series(Modality="MR")), EQUIPMENT)


def test_private_codes_are_registered(tmp_path: Path) -> None:
    made = datasets_of(petct_report(tmp_path))
    for role in (Role.SEG, Role.SR):
        (scheme,) = made[role].CodingSchemeIdentificationSequence
        assert scheme.CodingSchemeDesignator == "99DCMNODE"
        assert scheme.CodingSchemeResponsibleOrganization == "dicom_node project"


def test_classifications_are_qualitative_evaluations_with_their_score(tmp_path: Path) -> None:
    said = Classification(
        name=coding.Code("uptake-pattern", coding.PRIVATE_SCHEME, "Uptake pattern"),
        value=coding.Code("reduced", coding.PRIVATE_SCHEME, "Reduced"),
        probability=0.83,
        explanation="binding ratio 1.2 on the left",
    )
    report = petct_report(tmp_path, result=Result(classifications=(said,)))
    groups = sr_of(report).content.get_image_measurement_groups()
    group = next(one for one in groups if one.tracking_identifier == "classification-1")
    assert group.tracking_uid == tracking_uid(report.result_id, "classification-1")
    (evaluation,) = (
        one for one in group.get_qualitative_evaluations() if one.name.value == "uptake-pattern"
    )
    assert evaluation.value.value == "reduced"
    (score,) = group.get_measurements()
    assert (score.name.value, score.value, score.unit.value) == ("output-score", 0.83, "1")
    assert "binding ratio 1.2 on the left" in texts(datasets_of(report)[Role.SR])


def test_a_report_that_takes_the_place_of_another_names_it(tmp_path: Path) -> None:
    earlier = report_of(tmp_path / "a")
    before = datasets_of(earlier)[Role.SR]
    later = replace(earlier, result_id="f" * 40, predecessor=earlier.result_id)
    made = datasets_of(later)[Role.SR]
    (study,) = made.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (document,) = series.ReferencedSOPSequence
    assert study.StudyInstanceUID == before.StudyInstanceUID
    assert series.SeriesInstanceUID == before.SeriesInstanceUID
    assert document.ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert document.ReferencedSOPClassUID == before.SOPClassUID
    assert any(before.SOPInstanceUID in line for line in texts(made))
    assert "PredecessorDocumentsSequence" not in before

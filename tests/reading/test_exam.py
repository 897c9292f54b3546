"""Exam kind, phase, attenuation correction and originality, as vendors write them."""

from pathlib import Path
from typing import Any

import pytest
from factories import enhanced_pet
from pydicom import Dataset
from tracer_headers import exam_of

from dicom_node.domain.series import ExamKind
from dicom_node.reading.exam import find_exam
from dicom_node.reading.header import Header, read_header

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
CT, PT, NM = "CT", "PT", "NM"
AC = ["DECY", "ATTN", "SCAT"]
NAC = ["DECY", "RAN"]


@pytest.mark.parametrize(
    ("series_type", "kind"),
    [
        (["STATIC", "IMAGE"], ExamKind.STATIC),
        (["WHOLE BODY", "IMAGE"], ExamKind.WHOLE_BODY),
        (["DYNAMIC", "IMAGE"], ExamKind.DYNAMIC),
        (["GATED", "IMAGE"], ExamKind.GATED),
        (["WHOLE BODY", "REPROJECTION"], ExamKind.PROJECTION),
        (["STATIC"], ExamKind.STATIC),
        (["OTHER", "IMAGE"], ExamKind.OTHER),
        ([], ExamKind.OTHER),
    ],
)
def test_pet_is_what_its_series_type_says(series_type: list[str], kind: ExamKind) -> None:
    assert exam_of(PT, SeriesType=series_type, ImageType=["ORIGINAL", "PRIMARY"]).kind is kind


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("STATIC", ExamKind.STATIC),
        ("WHOLE_BODY", ExamKind.WHOLE_BODY),
        ("DYNAMIC", ExamKind.DYNAMIC),
        ("CARDIAC_GATED", ExamKind.GATED),
        ("RESP_GATED", ExamKind.GATED),
        ("CARDRESP_GATED", ExamKind.GATED),
        ("LOCALIZER", ExamKind.PROJECTION),
        ("VOLUME", ExamKind.STATIC),
        ("NONE", ExamKind.OTHER),
    ],
)
def test_enhanced_pet_is_what_its_image_type_says(value: str, kind: ExamKind) -> None:
    assert exam_of(PT, ImageType=["ORIGINAL", "PRIMARY", value, "NONE"]).kind is kind


def test_an_enhanced_volume_with_a_time_dimension_is_dynamic() -> None:
    assert find_exam(Header(enhanced_pet(slices=2, time_points=2))).kind is ExamKind.DYNAMIC
    assert find_exam(Header(enhanced_pet(slices=2))).kind is ExamKind.STATIC


def test_a_converted_object_is_read_by_its_unassigned_attributes() -> None:
    kept, shared = Dataset(), Dataset()
    kept.SeriesType, kept.CorrectedImage = ["WHOLE BODY", "IMAGE"], AC
    shared.UnassignedSharedConvertedAttributesSequence = [kept]
    exam = exam_of(PT, SharedFunctionalGroupsSequence=[shared])
    assert exam.kind is ExamKind.WHOLE_BODY
    assert exam.attenuation_corrected is True


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("STATIC", ExamKind.PLANAR),
        ("WHOLE BODY", ExamKind.PLANAR),
        ("DYNAMIC", ExamKind.PLANAR),
        ("GATED", ExamKind.PLANAR),
        ("TOMO", ExamKind.PROJECTION),
        ("GATED TOMO", ExamKind.PROJECTION),
        ("RECON TOMO", ExamKind.STATIC),
        ("RECON GATED TOMO", ExamKind.GATED),
        ("CONSTRUCTED", ExamKind.OTHER),
    ],
)
def test_nm_is_what_value_3_of_its_image_type_says(value: str, kind: ExamKind) -> None:
    assert exam_of(NM, ImageType=["DERIVED", "PRIMARY", value, "EMISSION"]).kind is kind


@pytest.mark.parametrize(
    "attributes",
    [
        {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
        {"ImageType": ["ORIGINAL", "PRIMARY"], "SeriesDescription": "Topogram 0.6 T20f"},
        {"ImageType": ["ORIGINAL", "PRIMARY"], "SeriesDescription": "SCOUT"},
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"], "SeriesDescription": "LUNG MIP"},
    ],
)
def test_a_ct_that_is_no_stack_of_slices_is_a_projection(attributes: dict[str, Any]) -> None:
    assert exam_of(CT, **attributes).kind is ExamKind.PROJECTION


@pytest.mark.parametrize("description", ["PET MIP", "MIPS", "WB_MIP_360", "mip"])
def test_a_pet_mip_is_a_projection(description: str) -> None:
    exam = exam_of(PT, SeriesType=["WHOLE BODY", "IMAGE"], SeriesDescription=description)
    assert exam.kind is ExamKind.PROJECTION


def test_a_word_that_holds_mip_is_none() -> None:
    exam = exam_of(PT, SeriesType=["WHOLE BODY", "IMAGE"], SeriesDescription="FMIPX")
    assert exam.kind is ExamKind.WHOLE_BODY


def test_ct_slices_are_static() -> None:
    exam = exam_of(CT, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], SeriesDescription="post scout")
    assert exam.kind is ExamKind.STATIC


@pytest.mark.parametrize(
    ("modality", "attributes"),
    [
        (None, {}),
        ("MR", {"ImageType": ["ORIGINAL", "PRIMARY"]}),
        (CT, {}),
        (PT, {"CountsSource": "TRANSMISSION", "SeriesType": ["STATIC", "IMAGE"]}),
        (NM, {"ImageType": ["DERIVED", "PRIMARY", "RECON TOMO", "TRANSMISSION"]}),
        (
            NM,
            {
                "SOPClassUID": SECONDARY_CAPTURE,
                "ImageType": ["DERIVED", "PRIMARY", "WHOLE BODY", "EMISSION"],
            },
        ),
    ],
)
def test_what_is_no_image_of_a_tracer_is_other(
    modality: str | None, attributes: dict[str, Any]
) -> None:
    assert exam_of(modality, **attributes).kind is ExamKind.OTHER


@pytest.mark.parametrize(
    ("attributes", "corrected"),
    [
        ({"CorrectedImage": AC}, True),
        ({"CorrectedImage": "ATTN"}, True),
        ({"CorrectedImage": NAC}, False),
        ({"CorrectedImage": []}, None),
        ({}, None),
        ({"Units": "PROPCNTS"}, None),
        ({"AttenuationCorrectionMethod": "measured,AC_CT"}, True),
        ({"AttenuationCorrectionMethod": "NONE"}, False),
        ({"AttenuationCorrectionMethod": "NONE", "CorrectedImage": AC}, False),
        ({"AttenuationCorrectionMethod": "CTAC-SG", "CorrectedImage": NAC}, False),
        ({"AttenuationCorrectionMethod": ",,"}, None),
        ({"AttenuationCorrected": "YES"}, True),
        ({"AttenuationCorrected": "NO", "CorrectedImage": AC}, False),
        # a method says that it was done: the word in the description is of the protocol
        (
            {
                "AttenuationCorrectionMethod": "measured",
                "CorrectedImage": AC,
                "SeriesDescription": "PET AC + NAC",
            },
            True,
        ),
        # GE: ATTN in the uncorrected series, too, but no method
        ({"CorrectedImage": AC, "SeriesDescription": "PET NAC"}, False),
    ],
)
def test_attenuation_correction_is_read_by_the_most_direct_attribute(
    attributes: dict[str, Any], corrected: bool | None
) -> None:
    assert exam_of(PT, **attributes).attenuation_corrected is corrected


@pytest.mark.parametrize(
    "description",
    [
        "PET NAC",
        "WB_NAC_3D",
        "PET no AC",
        "NoAC",
        "Non-AC",
        "PET WB Uncorrected",
        "PET UNCORR",
        "w/o AC",
        "without attenuation correction",
        "non attenuation corrected",
        "NOT CORRECTED",
        "no attn corr",
    ],
)
def test_words_say_uncorrected_where_nothing_else_does(description: str) -> None:
    assert exam_of(PT, SeriesDescription=description).attenuation_corrected is False


@pytest.mark.parametrize("description", ["PET AC", "CTAC", "NACHT", "without contrast", "CORONAL"])
def test_other_words_say_nothing_of_correction(description: str) -> None:
    assert exam_of(PT, SeriesDescription=description).attenuation_corrected is None


@pytest.mark.parametrize(
    ("modality", "image_type", "original"),
    [
        (PT, ["ORIGINAL", "PRIMARY"], True),
        (CT, ["ORIGINAL", "PRIMARY", "AXIAL"], True),
        (PT, ["DERIVED", "PRIMARY"], False),
        (PT, ["DERIVED", "SECONDARY"], False),
        (CT, ["DERIVED", "SECONDARY", "REFORMATTED"], False),
        (CT, ["ORIGINAL", "PRIMARY", "AXIAL", "REFORMATTED"], False),
        (PT, ["ORIGINAL", "PRIMARY", "FUSED"], False),
        (NM, ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"], True),
        (NM, ["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"], True),
        (NM, ["DERIVED", "SECONDARY", "RECON TOMO", "EMISSION"], False),
        (NM, ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION", "FUSED"], False),
        (NM, ["DERIVED", "PRIMARY", "WHOLE BODY", "EMISSION"], False),
        (NM, ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"], True),
        (PT, ["ORIGINAL", "SECONDARY"], None),
        (PT, ["STATIC"], None),
        (PT, [], None),
    ],
)
def test_originality_follows_the_image_type(
    modality: str, image_type: list[str], original: bool | None
) -> None:
    assert exam_of(modality, ImageType=image_type).original is original


def test_a_secondary_capture_is_never_original() -> None:
    exam = exam_of(NM, SOPClassUID=SECONDARY_CAPTURE, ImageType=["ORIGINAL", "PRIMARY"])
    assert exam.original is False


def test_the_body_part_is_passed_on_as_it_stands() -> None:
    assert exam_of(PT, BodyPartExamined="WHOLEBODY").body_part == "WHOLEBODY"
    assert exam_of(PT, BodyPartExamined="").body_part is None


REAL = (
    ("petct-fdg-ge/PT_PET_AC_*/*", ExamKind.STATIC, True, True),
    ("petct-fdg-ge/PT_PET_NAC_*/*", ExamKind.STATIC, False, True),
    ("petct-fdg-ge/CT_CT_IMAGES_*/*", ExamKind.STATIC, None, True),
    ("petct-fdg-ge/CT_SCOUT_*/*", ExamKind.PROJECTION, None, True),
    ("single-slices/siemens_mct_fdg.dcm", ExamKind.WHOLE_BODY, True, True),
    ("single-slices/ge_discovery_st_jpeg_lossless.dcm", ExamKind.STATIC, True, True),
    ("single-slices/flt.dcm", ExamKind.WHOLE_BODY, True, True),
    ("sarcoma-fdg/*/PET/image/*", ExamKind.STATIC, True, False),
    ("suv-reference-objects/*/PT/*", ExamKind.STATIC, True, True),
    ("nema-iq/*/*", ExamKind.STATIC, True, None),
    ("nm/heart_recon_tomo_13_frames.dcm", ExamKind.STATIC, None, True),
    ("nm/NM1_J2KR", ExamKind.OTHER, False, False),
)


@pytest.mark.parametrize(("pattern", "kind", "corrected", "original"), REAL)
def test_real_headers_give_the_exam_that_they_are(
    shared_data: Path,
    pattern: str,
    kind: ExamKind,
    corrected: bool | None,
    original: bool | None,
) -> None:
    first_of_folder = {path.parent: path for path in sorted(shared_data.glob(pattern))}
    assert first_of_folder
    for path in first_of_folder.values():
        exam = find_exam(read_header(path))
        assert exam.kind is kind
        assert exam.attenuation_corrected is corrected
        assert exam.original is original

"""Rest and stress are read by code, by image type, and by words that stand alone."""

from typing import Any

import pytest
from pydicom import Dataset
from pydicom.sr.codedict import codes
from tracer_headers import code_item, exam_of

CT, NM = "CT", "NM"


def state_item(value: str, scheme: str) -> Dataset:
    item = Dataset()
    item.ValueType = "CODE"
    item.ConceptNameCodeSequence = [code_item("109054", "DCM", "Patient State")]
    item.ConceptCodeSequence = [code_item(value, scheme)]
    return item


@pytest.mark.parametrize(
    ("value", "scheme", "phase"),
    [
        ("432655005", "SCT", "stress"),
        ("F-05019", "SRT", "stress"),
        ("F-05019", "SNM3", "stress"),
        ("109091", "DCM", "stress"),
        ("109095", "DCM", "stress"),
        ("128975004", "SCT", "rest"),
        ("F-01604", "SRT", "rest"),
        ("109092", "DCM", None),
        ("109093", "DCM", None),
        ("109094", "DCM", None),
    ],
)
def test_a_coded_state_decides_over_words(value: str, scheme: str, phase: str | None) -> None:
    exam = exam_of(
        NM, AcquisitionContextSequence=[state_item(value, scheme)], SeriesDescription="STRESS"
    )
    assert exam.phase == phase
    exam = exam_of(
        NM, AcquisitionContextSequence=[state_item(value, scheme)], SeriesDescription="REST"
    )
    assert exam.phase == phase


def test_the_codes_of_state_are_those_of_cid_3101() -> None:
    group = codes.cid3101
    states = {getattr(group, name).value: getattr(group, name).meaning for name in group.dir()}
    assert states == {
        "432655005": "Cardiac Stress State",
        "128975004": "Resting State",
        "109092": "Reinjection State",
        "109093": "Redistribution State",
        "109094": "Delayed Redistribution State",
    }
    assert codes.DCM.CardiacStressState.value == "109091"
    assert codes.DCM.PeakStressState.value == "109095"


def test_another_item_of_the_acquisition_context_is_no_state() -> None:
    exam = exam_of(
        NM, AcquisitionContextSequence=[state_item("1", "SCT")], SeriesDescription="REST"
    )
    assert exam.phase == "rest"


def test_two_coded_states_give_no_phase() -> None:
    items = [state_item("432655005", "SCT"), state_item("128975004", "SCT")]
    assert exam_of(NM, AcquisitionContextSequence=items).phase is None


@pytest.mark.parametrize(
    ("attributes", "phase"),
    [
        ({"SeriesDescription": "STRESS_SA"}, "stress"),
        ({"SeriesDescription": "MIBI STR"}, "stress"),
        ({"SeriesDescription": "ADENO RB82"}, "stress"),
        ({"SeriesDescription": "Adenosin"}, "stress"),
        ({"SeriesDescription": "REGA"}, "stress"),
        ({"SeriesDescription": "Gated EX SPECT"}, "stress"),
        ({"SeriesDescription": "REST GATED"}, "rest"),
        ({"SeriesDescription": "RST"}, "rest"),
        ({"ProtocolName": "Myocard Rest"}, "rest"),
        ({"SeriesDescription": "RESTAGING"}, None),
        ({"SeriesDescription": "rest of body"}, None),
        ({"SeriesDescription": "PARATHYROID ADENOMA"}, None),
        ({"SeriesDescription": "ADENO CA LUNG"}, None),
        ({"SeriesDescription": "ex vivo"}, None),
        ({"SeriesDescription": "EXAM"}, None),
        ({"StudyDescription": "MYOCARDIAL PERFUSION REST/STRESS"}, None),
        ({"StudyDescription": "REST/STRESS", "SeriesDescription": "STRESS SA"}, "stress"),
        ({"SeriesDescription": "SA", "StudyDescription": "REST MIBI"}, "rest"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "REST"]}, "rest"),
        ({}, None),
    ],
)
def test_the_phase_is_read_from_words(attributes: dict[str, Any], phase: str | None) -> None:
    assert exam_of(NM, **attributes).phase == phase


def test_words_of_a_ct_give_no_phase() -> None:
    assert exam_of(CT, SeriesDescription="CTAC REST").phase is None

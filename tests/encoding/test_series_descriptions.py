"""Results of one algorithm in one study are told apart by their series descriptions."""

from dataclasses import replace
from pathlib import Path

import pytest
from encoding.reports import CARD, EQUIPMENT, petct_report, spect_report
from factories import nm_recon_tomo

from dicom_node.domain.report import Report
from dicom_node.domain.series import Exam, ExamKind
from dicom_node.encoding.encode import encode_report
from dicom_node.encoding.statements import source_line

SHOWN = 22  # characters of a description in the narrowest list


def perfusion(folder: Path, *, number: object = 3, **exam: object) -> Report:
    """Report on a scan of the heart."""
    report = spect_report(folder, nm_recon_tomo(SeriesNumber=number))
    facts = Exam(**{"kind": ExamKind.STATIC, **exam})
    return replace(report, source=replace(report.source, exam=facts))


def descriptions(report: Report) -> list[str]:
    return [str(one.dataset.SeriesDescription) for one in encode_report(report, EQUIPMENT)]


def test_stress_and_rest_are_told_apart_where_a_list_cuts_the_text(tmp_path: Path) -> None:
    found = [descriptions(perfusion(tmp_path / phase, phase=phase)) for phase in ("stress", "rest")]
    for stress, rest in zip(*found, strict=True):
        assert stress.startswith("AI RESEARCH - stress ")
        assert rest.startswith("AI RESEARCH - rest ")
        assert stress[:SHOWN] != rest[:SHOWN]


def test_a_gated_scan_says_so(tmp_path: Path) -> None:
    report = perfusion(tmp_path, phase="rest", kind=ExamKind.GATED)
    assert descriptions(report)[1] == (
        "AI RESEARCH - rest report of gated series 3: Uptake candidate..."
    )
    assert source_line(report.source).startswith("rest gated FDG (F-18), by ")


def test_two_scans_of_one_state_are_told_apart_by_their_series(tmp_path: Path) -> None:
    one, other = (
        descriptions(perfusion(tmp_path / str(number), number=number, phase="stress"))
        for number in (3, 4)
    )
    assert set(one).isdisjoint(other)


def test_a_scan_of_no_state_is_named_by_its_series_alone(tmp_path: Path) -> None:
    short = replace(petct_report(tmp_path), card=replace(CARD, title="Uptake"))
    assert descriptions(short) == [
        "AI RESEARCH - segments of series 2: Uptake",
        "AI RESEARCH - report of series 2: Uptake",
        "AI RESEARCH - summary page of series 2: Uptake",
    ]


@pytest.mark.parametrize("number", [None, [1, 2]])
def test_a_source_without_a_series_number_is_not_named_by_one(
    number: object, tmp_path: Path
) -> None:
    found = descriptions(perfusion(tmp_path, number=number, phase="rest"))
    assert found[0].startswith("AI RESEARCH - rest segments: ")

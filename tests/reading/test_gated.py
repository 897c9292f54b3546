"""A gated NM reconstruction as the sum of its gates, and what the words say was looked at."""

import numpy as np
import pytest
from factories import nm_recon_tomo
from read_back import headers_of, series_of

from dicom_node.domain.errors import UnsupportedObject
from dicom_node.reading.exam_target import find_target
from dicom_node.reading.volume import read_volume

VALUES = np.arange(2 * 6 * 16 * 12, dtype=np.uint16).reshape(2, 6, 16, 12)


def test_a_gated_series_is_the_sum_of_its_gates_where_that_is_asked(tmp_path):
    read = series_of([nm_recon_tomo(gates=2, values=VALUES)], tmp_path)
    found = read_volume(read, None, gated=True)
    assert np.array_equal(found.array, VALUES.sum(axis=0))
    assert [np.array_equal(g, v) for g, v in zip(found.gates, VALUES, strict=True)] == [True, True]
    assert [frame.frame_number for frame in found.frames] == [1, 2, 3, 4, 5, 6]
    assert not found.gates[0].flags.writeable
    with pytest.raises(UnsupportedObject, match="gated"):
        read_volume(read, None)


def test_gates_of_several_intervals_are_refused_by_name(tmp_path):
    read = series_of([nm_recon_tomo(gates=2, values=VALUES, NumberOfRRIntervals=2)], tmp_path)
    with pytest.raises(UnsupportedObject, match="NumberOfRRIntervals"):
        read_volume(read, None, gated=True)


def test_a_series_that_is_not_gated_has_no_gates(tmp_path):
    read = series_of([nm_recon_tomo(values=VALUES[0])], tmp_path)
    assert read_volume(read, None, gated=True).gates == ()


@pytest.mark.parametrize(
    ("texts", "target"),
    [
        ({"SeriesDescription": "Parathyroid MIBI SPECT"}, "parathyroid"),
        ({"SeriesDescription": "MIBI SPECT", "StudyDescription": "NM PARA THYROID"}, "parathyroid"),
        ({"BodyPartExamined": "HEART"}, "heart"),
        ({"SeriesDescription": "MYOCARDIAL PERFUSION"}, "heart"),
        ({"SeriesDescription": "Scintimammography"}, "breast"),
        ({"SeriesDescription": "Cardiolite SPECT"}, None),
        ({"SeriesDescription": "Thyroid"}, None),
    ],
)
def test_the_words_tell_what_was_looked_at(texts, target, tmp_path):
    usual = {"BodyPartExamined": None, "SeriesDescription": None, "StudyDescription": None}
    (header,) = headers_of([nm_recon_tomo(**{**usual, **texts})], tmp_path)
    assert find_target(header) == target

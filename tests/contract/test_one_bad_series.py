from pathlib import Path

from contract.odd import with_text
from engine.house import House
from factories import ct_series, pet_series

from dicom_node.domain.job import JobState


def test_a_series_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    house = House(tmp_path)
    lost = [
        with_text(one, "ImagePositionPatient", b"nan\\0\\0 ")
        for one in ct_series(study="lost", SeriesInstanceUID="1.2.3")  # looked at first
    ]
    house.receive(lost)
    house.receive(pet_series(study="healthy"))
    house.wait(61.0)
    assert house.states() == [JobState.QUEUED]

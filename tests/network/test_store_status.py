"""What the answers of destinations mean."""

import pytest

from dicom_node.network.store_status import meaning_of


@pytest.mark.parametrize("status", [0x0000, 0x0001, 0x0107, 0x0111, 0xB000, 0xB006, 0xB007, 0xB123])
def test_success_warnings_and_duplicates_mean_that_it_is_there(status: int) -> None:
    meaning = meaning_of(status)
    assert meaning.stored
    assert (meaning.cause == "") == (status == 0)


@pytest.mark.parametrize("status", [0xA700, 0xA7FF, 0x0110, 0x0213, 0x0124, 0xFE00, 0xA801, 0x1234])
def test_trouble_of_the_destination_may_pass(status: int) -> None:
    meaning = meaning_of(status)
    assert not meaning.stored
    assert meaning.transient
    assert meaning.cause


@pytest.mark.parametrize("status", [0xA900, 0xA9AB, 0xC000, 0xCFFF, 0x0117, 0x0122])
def test_trouble_with_the_object_stays(status: int) -> None:
    meaning = meaning_of(status)
    assert not meaning.stored
    assert not meaning.transient
    assert meaning.cause

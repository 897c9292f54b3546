"""UIDs follow from the result and are valid."""

import pytest
from pydicom.uid import UID

from dicom_node.encoding.uids import Role, derived_uid, instance_uid, series_uid, tracking_uid


def test_the_same_words_give_the_same_uid_and_others_another() -> None:
    assert derived_uid("a", "b") == derived_uid("a", "b")
    assert derived_uid("a", "b") != derived_uid("ab")
    assert derived_uid("a", "b") != derived_uid("b", "a")


@pytest.mark.parametrize("role", Role)
def test_uids_of_an_object_are_valid_and_differ(role: Role) -> None:
    made = {series_uid("r", role), instance_uid("r", role), instance_uid("other", role)}
    assert len(made) == 3
    assert all(UID(one).is_valid and len(one) <= 64 for one in made)


def test_roles_have_uids_of_their_own() -> None:
    assert len({instance_uid("r", role) for role in Role}) == len(Role)


def test_the_uids_of_a_known_result_never_change() -> None:
    # A change would send every result a second time, under other UIDs.
    assert instance_uid("0" * 40, Role.SEG) == "2.25.293051915037106227904671854475147453939"
    assert tracking_uid("0" * 40, "candidate-1") == "2.25.71399347924006382278331782249418870991"

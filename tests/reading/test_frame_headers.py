"""Frames of multi-frame objects laid out flat."""

from dicom_parts import code, item
from factories import enhanced_pet, pet_series
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.header import Header


def multiframe(shared: Dataset, *frames: Dataset, **attributes: object) -> Header:
    return Header(
        item(
            SharedFunctionalGroupsSequence=[shared],
            PerFrameFunctionalGroupsSequence=list(frames),
            **attributes,
        )
    )


def unassigned(**attributes: object) -> Dataset:
    return item(UnassignedPerFrameConvertedAttributesSequence=[item(**attributes)])


def test_an_image_without_functional_groups_is_its_own_frame() -> None:
    headers = [Header(one) for one in pet_series(slices=2, rows=2, columns=2)]
    assert frame_headers(headers) == tuple(headers)


def test_a_frame_goes_before_the_shared_and_that_before_the_object() -> None:
    shared = item(
        UnassignedSharedConvertedAttributesSequence=[item(Units="GML", DecayCorrection="ADMIN")]
    )
    header = multiframe(
        shared,
        unassigned(Units="CNTS"),
        item(),
        Units="BQML",
        DecayCorrection="START",
        Modality="PT",
    )
    first, second = frame_headers([header])
    assert (first.text("Units"), second.text("Units")) == ("CNTS", "GML")
    assert {one.text("DecayCorrection") for one in (first, second)} == {"ADMIN"}
    assert {one.text("Modality") for one in (first, second)} == {"PT"}


def test_value_maps_stay_sequences_and_pixels_stay_behind() -> None:
    header = Header(enhanced_pet(slices=2, rows=2, columns=2))
    first, second = frame_headers([header])
    assert len(first.items("RealWorldValueMappingSequence")) == 1
    assert first.number("RescaleSlope") == 0.5
    assert first.numbers("ImagePositionPatient") != second.numbers("ImagePositionPatient")
    assert "PixelData" not in first.dataset
    assert "PerFrameFunctionalGroupsSequence" not in first.dataset


def test_private_groups_of_object_and_frame_are_not_mixed() -> None:
    frame = item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 0])])
    other = item()
    part = item(CodingSchemeDesignator="X")
    part.private_block(0x0009, "FRAME", create=True).add_new(0x01, "LO", "of the frame")
    other.UnassignedPerFrameConvertedAttributesSequence = [part]
    header = multiframe(item(), frame, other)
    header.dataset.private_block(0x0009, "OBJECT", create=True).add_new(0x0D, "LO", "of the object")
    first, second = frame_headers([header])
    assert first.private(0x0009, "OBJECT", 0x0D) == "of the object"
    assert second.private(0x0009, "FRAME", 0x01) == "of the frame"
    assert second.private(0x0009, "FRAME", 0x0D) is None


def test_frames_of_several_objects_follow_each_other() -> None:
    headers = [multiframe(item(), item(), item(), SeriesTime=f"10000{k}") for k in range(2)]
    assert [one.text("SeriesTime") for one in frame_headers(headers)] == [
        *["100000"] * 2,
        *["100001"] * 2,
    ]


def test_a_macro_with_several_items_stays_a_sequence() -> None:
    frame = item(FrameAnatomySequence=[item(FrameLaterality="L"), item(FrameLaterality="R")])
    frame.DerivationImageSequence = [item(DerivationCodeSequence=[code("1", "DCM", "x")])]
    (only,) = frame_headers([multiframe(item(), frame)])
    assert len(only.items("FrameAnatomySequence")) == 2
    assert only.text("FrameLaterality") is None
    assert only.item("DerivationCodeSequence") is not None


def test_what_cannot_be_decoded_in_a_frame_is_absent_and_the_rest_is_read() -> None:
    frame = item(PlanePositionSequence=[item(ImagePositionPatient=[1, 2, 3])])
    inner = frame.PlanePositionSequence[0]
    for dataset, keyword in ((frame, "FrameContentSequence"), (inner, "ImageOrientationPatient")):
        tag = Tag(keyword)
        dataset._dict[tag] = RawDataElement(tag, "??", 4, b"NONE", 0, False, True)
    (only,) = frame_headers([multiframe(item(), frame)])
    assert only.numbers("ImagePositionPatient") == (1, 2, 3)
    assert only.item("FrameContentSequence") is None
    assert only.numbers("ImageOrientationPatient") is None

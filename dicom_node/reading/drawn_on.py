"""The images that contours were drawn on, as a SEG or RTSTRUCT names them."""

from dicom_node.reading.header import Header


def series_drawn_on(header: Header) -> tuple[str, ...]:
    """Series Instance UIDs of images that are named as those that it was drawn on.

    By Common Instance Reference (PS3.3 C.12.2), and by RT Referenced Series (PS3.3 C.8.8.5).
    """
    items = (
        *header.items("ReferencedSeriesSequence"),
        *(
            series
            for frame in header.items("ReferencedFrameOfReferenceSequence")
            for study in frame.items("RTReferencedStudySequence")
            for series in study.items("RTReferencedSeriesSequence")
        ),
    )
    found = (item.text("SeriesInstanceUID") for item in items)
    return tuple(dict.fromkeys(uid for uid in found if uid is not None))

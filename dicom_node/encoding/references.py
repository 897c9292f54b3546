"""References to the instances of the source, as image objects give them."""

from dicom_node.domain.report import Report
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.explicit import sequence, text


def references_of(report: Report) -> dict[str, list[bytes]]:
    """Every source instance, as sources and by series (Common Instance Reference, C.12.2).

    Without the list of instances OHIF does not offer the segmentation at all.
    """
    instances = [
        text(0x00081150, "UI", one.sop_class_uid) + text(0x00081155, "UI", one.sop_instance_uid)
        for one in report.source_instances
    ]
    series = sequence(0x0008114A, instances) + text(
        0x0020000E, "UI", report.source.key.series_instance_uid
    )
    return {"ReferencedSeriesSequence": [series], "SourceImageSequence": instances}


def image_reference(source: FrameSource) -> bytes:
    """Elements that name a stored frame (Image SOP Instance Reference Macro, PS3.3 10.3)."""
    frame = source.frame_number
    return b"".join(
        (
            text(0x00081150, "UI", source.sop_class_uid),
            text(0x00081155, "UI", source.sop_instance_uid),
            b"" if frame is None else text(0x00081160, "IS", str(frame)),
        )
    )

"""An algorithm for the tests: what lies above half of the maximum of a reconstructed SPECT."""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import label

from dicom_node.domain import coding
from dicom_node.domain.algorithm import AlgorithmCard, AlgorithmSpec, InputSpec
from dicom_node.domain.coding import Code
from dicom_node.domain.result import (
    Figure,
    Measurement,
    Region,
    Result,
    Segment,
    SegmentationResult,
)
from dicom_node.domain.volume import Volume

_RGB = ((230, 60, 60), (60, 160, 60), (70, 110, 240))
_COUNTS = Code("{counts}", "UCUM", "Counts")
_MAXIMUM_COUNTS = Code("maximum-counts", coding.PRIVATE_SCHEME, "Maximum of counts")


def _marked(inputs: Mapping[str, Volume]) -> Result:
    volume = inputs["nm"]
    pieces, count = label(volume.array > volume.array.max() / 2)
    segments, values = [], []
    for number in range(1, count + 1):
        mask = pieces == number
        name = f"Hot spot {number}"
        segments.append(
            Segment(
                number=number,
                label=name,
                category=coding.SPATIAL_CONCEPT,
                type=coding.UPTAKE_CANDIDATE,
                region=Region.from_mask(mask),
                tracking_id=name,
                display_rgb=_RGB[(number - 1) % len(_RGB)],
            )
        )
        values.append(
            Measurement(
                label="Maximum",
                name=_MAXIMUM_COUNTS,
                value=float(volume.array[mask].max()),
                unit=_COUNTS,
                segment=number,
            )
        )
    projection = volume.array.max(axis=1)[::-1]
    grey = np.asarray(255 * (1 - projection / projection.max()), np.uint8)
    figure = Figure(title="Coronal MIP", pixels=np.repeat(grey[..., None], 3, axis=2))
    found = SegmentationResult(role="nm", geometry=volume.geometry, segments=tuple(segments))
    return Result(segmentation=found, measurements=tuple(values), figures=(figure,))


SPEC = AlgorithmSpec(
    card=AlgorithmCard(
        name="hot-counts",
        version="1.0.0",
        title="Hot spots of a SPECT",
        summary="Marks what lies above half of the maximum.",
        training_data="none (deterministic)",
    ),
    inputs=(InputSpec(role="nm", modalities=("NM",)),),
    load=lambda: _marked,
)

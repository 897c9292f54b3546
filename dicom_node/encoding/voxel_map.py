"""A voxel map as a Parametric Map (PS3.3 A.75) of 32 bit floating point numbers."""

from io import BytesIO

import numpy as np
import pydicom
from highdicom import VOILUTTransformation
from highdicom.pm import ParametricMap, RealWorldValueMapping
from pydicom.dataset import Dataset

from dicom_node.domain.coding import ANATOMICAL_STRUCTURE
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.result import VoxelMap
from dicom_node.encoding.codes import concept
from dicom_node.encoding.explicit import put_sequences
from dicom_node.encoding.forms import Form
from dicom_node.encoding.frames import shared_groups
from dicom_node.encoding.labelmap import label_groups
from dicom_node.encoding.landmark import check_planes
from dicom_node.encoding.provenance import RESEARCH_ONLY, finish, identity, put_body_part, short
from dicom_node.encoding.references import references_of
from dicom_node.encoding.secondary_capture import put_side
from dicom_node.encoding.sources import SourceHeader, one_voxel_image
from dicom_node.encoding.uids import derived_uid


def build_voxel_map(
    report: Report, voxels: VoxelMap, equipment: Equipment, source: SourceHeader, form: Form
) -> Dataset:
    """Parametric map with one frame for each slice of the source.

    Raises
    ------
    EncodingFailed
        Where the map is not on the grid of the source.
    """
    geometry = report.source.geometry
    if not voxels.geometry.same_grid(geometry):
        raise EncodingFailed(f"the map {voxels.label} is not on the grid of the primary input")
    made = _header(report, voxels, equipment, source, form)
    made.NumberOfFrames, made.Rows, made.Columns = geometry.shape
    (shared,) = made.SharedFunctionalGroupsSequence
    shared.update(shared_groups(geometry))
    shared.FrameAnatomySequence = [_anatomy()]
    made.FloatPixelData = voxels.values.astype("<f4").tobytes()
    organization = derived_uid(report.result_id, form.name, "dimensions")
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    finish(made, report=report, equipment=equipment, source=source)
    put_body_part(made, source.dataset)
    put_side(made, source.dataset)
    groups = label_groups(range(geometry.shape[0]), geometry, report.source.frames)
    put_sequences(made, PerFrameFunctionalGroupsSequence=groups, **references_of(report))
    return made


def check_voxel_map(encoded: bytes, report: Report, voxels: VoxelMap) -> None:
    """Refuse a map whose frames do not lie, or read, as the result says.

    Raises
    ------
    EncodingFailed
        Where a frame's plane, its source, or any number differs.
    """
    dataset = pydicom.dcmread(BytesIO(encoded))
    slices = check_planes(dataset, report)
    found = np.frombuffer(dataset.FloatPixelData, "<f4").reshape(-1, dataset.Rows, dataset.Columns)
    if not np.array_equal(found, voxels.values[slices]):
        raise EncodingFailed(f"the map {voxels.label} reads otherwise than it was written")


def _anatomy() -> Dataset:
    """Frame Anatomy (C.7.6.16.2.8) that asserts no region; dcmqi 1.5 crashes where it is absent."""
    item = Dataset()
    item.FrameLaterality = "U"
    item.AnatomicRegionSequence = [concept(ANATOMICAL_STRUCTURE)]
    return item


def _header(
    report: Report, voxels: VoxelMap, equipment: Equipment, source: SourceHeader, form: Form
) -> Dataset:
    """Map of one voxel, which highdicom makes: everything but frames and references."""
    low, high = float(voxels.values.min()), float(voxels.values.max())
    meaning = RealWorldValueMapping(
        lut_label=voxels.label,
        lut_explanation=short(f"{voxels.quantity.meaning} in {voxels.unit.meaning}"),
        unit=concept(voxels.unit),
        value_range=(low, high),
        slope=1.0,
        intercept=0.0,
        quantity_definition=concept(voxels.quantity),
    )
    window = VOILUTTransformation(
        window_center=(low + high) / 2, window_width=max(high - low, 1e-6)
    )
    return ParametricMap(
        source_images=[one_voxel_image(report, source)],
        pixel_array=np.ones((1, 1, 1), np.float32),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[meaning],
        voi_lut_transformations=[window],
        content_creator_name=f"Algorithm^{report.card.name}",
        content_description=short(f"{RESEARCH_ONLY.capitalize()}: {voxels.label}"),
        **identity(report, equipment, source, form),
    )

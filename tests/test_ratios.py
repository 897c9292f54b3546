"""Where SUV cannot be had, an algorithm that needs ratios only runs all the same, to its report."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from encoding.reports import EQUIPMENT
from factories import nm_recon_tomo, pet_series
from pydicom import Dataset
from read_back import series_of

from dicom_node.domain import coding
from dicom_node.domain.algorithm import AlgorithmCard, AlgorithmSpec, InputSpec
from dicom_node.domain.coding import Unit
from dicom_node.domain.job import JobOutcome, JobState
from dicom_node.domain.result import Measurement, Region, Result, Segment, SegmentationResult
from dicom_node.domain.route import Condition, Route
from dicom_node.domain.volume import Volume
from dicom_node.pipeline import process
from dicom_node.planning import JobRequest, plan
from dicom_node.reading.site_tracers import NO_SITE_TRACERS

ROUTE = Route(name="ratio", algorithm="ratio", destinations=(), when=Condition())
# Hottest voxel over the mean of all: a ratio has no unit, whatever that of the volume is.
VALUES = np.full((6, 16, 12), 100, np.uint16)
VALUES[3, 5, 6] = 900
RATIO = 900 / VALUES.mean()


def ratio(inputs: Mapping[str, Volume]) -> Result:
    (image,) = inputs.values()
    hot = Segment(
        number=1,
        label="candidate",
        category=coding.SPATIAL_CONCEPT,
        type=coding.UPTAKE_CANDIDATE,
        region=Region.from_mask(image.array == image.array.max()),
        tracking_id="candidate-1",
        display_rgb=(255, 0, 0),
    )
    measured = Measurement(
        label="ratio",
        name=coding.Code("ratio", coding.PRIVATE_SCHEME, "Ratio of maximum to mean"),
        value=float(image.array.max() / image.array.mean()),
        unit=coding.Code("{ratio}", "UCUM", "ratio"),
        segment=1,
    )
    found = SegmentationResult(role="image", geometry=image.geometry, segments=(hot,))
    return Result(segmentation=found, measurements=(measured,))


def outcome_of(made: list[Dataset], unit: Unit | None, folder: Path) -> JobOutcome:
    card = AlgorithmCard(
        name="ratio", version="1.0.0", title="Ratio", summary="A ratio.", training_data="none"
    )
    image = InputSpec(role="image", modalities=("PT", "NM"), unit=unit)
    spec = AlgorithmSpec(card=card, inputs=(image,), load=lambda: ratio)
    series = series_of(made, folder).series
    job = plan(series, [series], route=ROUTE, spec=spec, created_at=datetime.now(UTC))
    request = JobRequest(
        job=job, folder=folder / "out", site_tracers=NO_SITE_TRACERS, equipment=EQUIPMENT
    )
    return process(request, spec)


WITHOUT_SUV = {
    "PROPCNTS": (pet_series(Units="PROPCNTS", values=VALUES), True),
    "no unit": (pet_series(Units=None, values=VALUES), True),
    "counts of an unknown maker": (pet_series(Units="CNTS", values=VALUES), True),
    "no weight": (pet_series(PatientWeight=None, values=VALUES), True),
    "SPECT": ([nm_recon_tomo(values=VALUES)], True),
    "SPECT without a place": ([nm_recon_tomo(values=VALUES, orientation=None)], False),
}


@pytest.mark.parametrize(("made", "placed"), WITHOUT_SUV.values(), ids=WITHOUT_SUV)
def test_a_ratio_needs_no_suv_and_a_segmentation_needs_a_place(
    tmp_path: Path, made: Any, placed: bool
) -> None:
    outcome = outcome_of(made, None, tmp_path)
    assert outcome.state is JobState.ENCODED, outcome.reason
    assert [row.value for row in outcome.measurements] == [pytest.approx(RATIO, rel=1e-6)]
    assert [one.modality for one in outcome.objects] == ["SEG"] * placed + ["SR", "OT"]


@pytest.mark.parametrize("made", [made for made, _ in WITHOUT_SUV.values()], ids=WITHOUT_SUV)
def test_what_needs_suv_is_rejected_by_name_on_the_same_data(tmp_path: Path, made: Any) -> None:
    outcome = outcome_of(made, Unit.SUVBW, tmp_path)
    assert outcome.state is JobState.REJECTED
    assert outcome.reason is not None
    assert outcome.reason.startswith(("not-calibrated: ", "missing-attribute: "))

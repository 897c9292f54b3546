"""From a PET and somebody's RTSTRUCT to contours as SEG, RTSTRUCT, SR and page."""

from datetime import UTC, datetime

import fdg_trunk as trunk
import pydicom
import pytest
from encoding.reports import EQUIPMENT
from read_back import series_of

from algorithms.gtv_contours import SPEC
from dicom_node.domain.forms import ExtraForm, ResultForms
from dicom_node.domain.job import JobState
from dicom_node.domain.route import Condition, ContourUse, Route
from dicom_node.pipeline import process
from dicom_node.planning import JobRequest, plan
from dicom_node.reading.site_tracers import NO_SITE_TRACERS

ROUTE = Route(
    name="gtv",
    algorithm="gtv-contours",
    destinations=("planning",),
    when=Condition(modality=("PT",)),
    contours=ContourUse.REQUIRED,
)
FORMS = {"planning": ResultForms(extra_forms=(ExtraForm.RTSTRUCT,))}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gtv")
    series = series_of(trunk.pet(), folder).series
    drawn = series_of([trunk.drawn_rtstruct()], folder).series.instances[0]
    at = datetime(2026, 1, 2, tzinfo=UTC)
    job = plan(series, [series], route=ROUTE, spec=SPEC, created_at=at, contours=drawn)
    request = JobRequest(
        job=job,
        folder=folder / "out",
        site_tracers=NO_SITE_TRACERS,
        equipment=EQUIPMENT,
        forms=FORMS,
    )
    outcome = process(request, SPEC)
    return outcome, {one.modality: pydicom.dcmread(one.path) for one in outcome.objects}


def test_five_contours_are_written_in_every_form_that_the_destination_takes(done):
    outcome, objects = done
    assert outcome.state is JobState.ENCODED, outcome.reason
    assert set(objects) == {"SEG", "SR", "OT", "RTSTRUCT"}
    names = [one.SegmentLabel for one in objects["SEG"].SegmentSequence]
    assert names == [
        "GTV left background-adapted",
        "GTV left gradient edge",
        "GTV left 41% of max",
        "GTV left 50% of max",
        "GTV left SUV>=2.5",
    ]
    assert len(objects["RTSTRUCT"].StructureSetROISequence) == 5


def test_the_report_holds_volume_suv_and_agreement_of_every_contour(done):
    outcome, objects = done
    for segment in range(1, 6):
        assert trunk.number(outcome, "SUVmax", segment) == pytest.approx(12.0, rel=0.01)
        assert trunk.number(outcome, "SUVpeak", segment) == pytest.approx(12.0, rel=0.01)
        assert trunk.number(outcome, "Volume", segment) > 20
        assert 0.6 < trunk.number(outcome, "Dice to given", segment) < 1.0
    told = " ".join(trunk.texts_of(objects["SR"]))
    assert "none is a gross tumour volume" in told
    assert "Ridler" in told

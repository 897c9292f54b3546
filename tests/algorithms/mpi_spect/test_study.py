"""A simulated study with the shipped weights: found, compared, told, written, or refused."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files

import numpy as np
import pydicom
import pytest
from encoding.reports import EQUIPMENT
from peers import own_tool
from volumes import value_of, volume

from algorithms.mpi_spect import NORMALS_VARIABLE, SPEC
from algorithms.mpi_spect.measurements import masks_of
from algorithms.mpi_spect.pose import VentricleNotFound
from algorithms.mpi_spect.recalibration import make_normals
from algorithms.simulation.brain_scan import camera_grid
from algorithms.simulation.heart.patient import State, draw_patient
from algorithms.simulation.heart.study import simulate
from algorithms.simulation.heart.truth import true_axis, true_shares, whole_beat
from algorithms.simulation.heart.worlds import world
from algorithms.simulation.nm_headers import Way
from algorithms.toolbox.heart_segments import SEGMENTS
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import InputRejected, UnknownTracer, WeightsError
from dicom_node.domain.job import JobState
from dicom_node.domain.route import CompanionRule, Condition, Route
from dicom_node.domain.series import Exam, ExamKind
from dicom_node.pipeline import process
from dicom_node.planning import JobRequest, plan
from dicom_node.reading.header import read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.reading.volume import read_volume

SEED = 5
HEART = Exam(kind=ExamKind.STATIC, phase="stress", target="heart", body_part="HEART")


@pytest.fixture(scope="module")
def algorithm():
    return SPEC.load()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("mpi"), seed=SEED, way=Way.GE, gates=8)


@pytest.fixture(scope="module")
def inputs(study):
    reads = {s: read_series([read_header(p)], NO_SITE_TRACERS) for s, p in study.images.items()}
    made = {state: read_volume(read, None, gated=True) for state, read in reads.items()}
    return {"spect": made[State.STRESS], "rest": made[State.REST]}


@pytest.fixture(scope="module")
def result(algorithm, inputs):
    return algorithm(inputs)


def test_wall_and_axis_are_near_the_truth(algorithm, inputs):
    spect = inputs["spect"]
    found = algorithm.measured(spect, with_function=False)
    patient = draw_patient(world("held-out"), SEED)
    wall, cavity = true_shares(whole_beat(patient, State.STRESS), spect.geometry)
    truth = (wall + cavity > 0.5) & (wall > cavity)
    numbers, _ = masks_of(found, spect.geometry)
    overlap = 2 * np.sum((numbers > 0) & truth) / (np.sum(numbers > 0) + np.sum(truth))
    assert overlap > 0.8
    direction = true_axis(patient, State.STRESS).direction
    assert np.degrees(np.arccos(found.posed.axis.direction @ direction)) < 12


def test_every_segment_has_stress_rest_change_and_score(result):
    for segment in SEGMENTS:
        labels = {m.label for m in result.measurements_of(segment.number)}
        assert {"Stress", "Rest", "Change", "Stress score"} <= labels
        change = value_of(result, "Rest", segment.number) - value_of(
            result, "Stress", segment.number
        )
        assert value_of(result, "Change", segment.number) == pytest.approx(change, abs=1e-6)
        assert result.segmentation.segments[segment.number - 1].site == segment.code


def test_function_and_ratios_of_the_whole_study_hang_together(result):
    for state in ("stress", "rest"):
        full, empty = (value_of(result, f"{name}, {state}", None) for name in ("EDV", "ESV"))
        told = value_of(result, f"LVEF, {state}", None)
        assert told == pytest.approx(100 * (full - empty) / full)
    ratio = value_of(result, "Cavity, stress", None) / value_of(result, "Cavity, rest", None)
    assert value_of(result, "Volume ratio (TID)", None) == pytest.approx(ratio)
    apart = value_of(result, "SSS", None) - value_of(result, "SRS", None)
    assert value_of(result, "SDS", None) == apart


def test_every_sentence_names_measurements_that_exist(result):
    labels = {m.label for m in result.measurements}
    words = {word for label in labels for word in re.split(r"[ ,]+", label)}
    assert len(result.description) >= 6
    for sentence in result.description:
        named = re.findall(r"\[([^\]]+)\]", sentence)
        assert named
        for name in named:
            for word in re.split(r"[ ,]+", name.replace("segment", "")):
                assert not word or word in words or word.isdigit(), sentence


def test_scores_say_that_they_are_of_simulated_hearts(result):
    assert len(result.classifications) == 4
    for said in result.classifications:
        assert "simulated" in said.name.meaning
        assert 0 <= said.probability <= 1
    assert any("simulated" in warning for warning in result.warnings)


def test_the_order_and_direction_of_slices_change_no_number(algorithm, inputs, result):
    spect = inputs["spect"]
    affine = spect.geometry.affine.copy()
    affine[:3, 3] += affine[:3, 0] * (spect.geometry.shape[0] - 1)
    affine[:3, 0] *= -1
    turned = replace(
        spect,
        array=np.ascontiguousarray(spect.array[::-1]),
        gates=(),
        geometry=replace(spect.geometry, affine=affine),
        frames=spect.frames[::-1],
    )
    again = algorithm({"spect": turned})
    for number in range(1, 18):
        assert value_of(again, "Stress", number) == pytest.approx(
            value_of(result, "Stress", number), abs=0.5
        )


def test_a_rest_scan_that_is_no_heart_leaves_the_stress_scan_measured(algorithm, inputs):
    rest = replace(inputs["rest"], exam=replace(HEART, phase="rest", target="parathyroid"))
    told = algorithm({"spect": replace(inputs["spect"], gates=()), "rest": rest})
    assert any("parathyroid" in warning for warning in told.warnings)
    assert not [m for m in told.measurements if m.label == "Rest"]


@pytest.mark.parametrize(
    ("exam", "told"),
    [
        (replace(HEART, target="parathyroid"), "parathyroid"),
        (replace(HEART, target=None, body_part="NECK"), "BodyPartExamined"),
    ],
)
def test_sestamibi_of_another_organ_is_refused_by_name(algorithm, inputs, exam, told):
    with pytest.raises(InputRejected, match=told):
        algorithm.measured(replace(inputs["spect"], exam=exam))


def test_another_tracer_and_a_scan_without_orientation_are_refused(algorithm, inputs):
    spect = inputs["spect"]
    with pytest.raises(UnknownTracer, match="IOFLUPANE"):
        algorithm.measured(replace(spect, tracer=replace(spect.tracer, tracer="IOFLUPANE")))
    with pytest.raises(InputRejected, match="orientation"):
        algorithm.measured(replace(spect, geometry=replace(spect.geometry, placed=False)))


def neck():
    """Two lobes of a thyroid and an adenoma: what sestamibi of the neck shows."""
    grid = camera_grid(matrix=64, pixel_mm=5.0, slices=40, slice_mm=5.0, uid="1.2")
    index = np.moveaxis(np.indices(grid.shape), 0, -1)
    places = grid.index_to_lps(index)
    image = np.full(grid.shape, 2.0)
    for middle, half, level in (
        ((-20, 0, 8), (9, 10, 22), 40.0),
        ((20, 0, 8), (9, 10, 22), 40.0),
        ((18, 14, -25), (7, 7, 9), 60.0),
        ((0, 18, 8), (60, 55, 300), 6.0),
    ):
        inside = (((places - middle) / half) ** 2).sum(axis=-1) < 1
        image = np.where(inside, np.maximum(image, level), image)
    return image, grid


def test_what_has_no_ventricle_is_refused(algorithm):
    random = np.random.default_rng(0)
    image, grid = neck()
    for made in (random.poisson(image), random.poisson(np.full(grid.shape, 20.0))):
        scan = volume(made, grid, unit=Unit.COUNTS, tracer="SESTAMIBI", exam=HEART)
        with pytest.raises(VentricleNotFound):
            algorithm.measured(scan)


def test_weights_other_than_those_of_the_card_are_not_run(tmp_path):
    from algorithms.toolbox.heart_net.network import read_net

    path = tmp_path / "weights.safetensors"
    path.write_bytes((files("algorithms.mpi_spect") / "weights.safetensors").read_bytes() + b"x")
    with pytest.raises(WeightsError, match="SHA-256"):
        read_net(path, SPEC.card.weights_sha256, name="mpi-spect", version="0")


def test_a_job_of_stress_and_rest_writes_a_segmentation_on_nm_frames_a_report_and_a_page(
    study, tmp_path
):
    series = [read_series([read_header(p)], NO_SITE_TRACERS).series for p in study.files]
    stress = next(one for one in series if one.exam.phase == "stress")
    rest = CompanionRule(modality="NM", phase="rest", same_frame_of_reference=False)
    route = Route(
        name="perfusion",
        algorithm="mpi-spect",
        destinations=(),
        when=Condition(),
        companions={"rest": rest},
    )
    job = plan(stress, series, route=route, spec=SPEC, created_at=datetime.now(UTC))
    assert set(job.inputs) == {"spect", "rest"}
    request = JobRequest(
        job=job, folder=tmp_path, site_tracers=NO_SITE_TRACERS, equipment=EQUIPMENT
    )
    outcome = process(request, SPEC)
    assert outcome.state is JobState.ENCODED, outcome.reason
    by_modality = {made.modality: pydicom.dcmread(made.path) for made in outcome.objects}
    assert {"SEG", "SR", "OT"} <= set(by_modality)
    seg = by_modality["SEG"]
    assert len(seg.SegmentSequence) == 18
    source = seg.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0]
    referenced = source.SourceImageSequence[0]
    assert referenced.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.20"
    said = ("TextValue", "CodeMeaning")
    told = " ".join(str(e.value) for e in by_modality["SR"].iterall() if e.keyword in said)
    for words in ("ejection fraction", "basal anteroseptal", "Volume ratio", "[SSS, SRS, SDS]"):
        assert words in told
    for made in outcome.objects:
        checked = subprocess.run(
            [own_tool("dciodvfy"), str(made.path)],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert "Error" not in checked.stdout + checked.stderr


def test_limits_of_a_site_need_ten_scans_and_are_part_of_the_version(inputs, tmp_path, monkeypatch):
    with pytest.raises(InputRejected, match="1 of stress"):
        make_normals([replace(inputs["spect"], gates=())], name="few", out=tmp_path / "n.json")
    shipped = (files("algorithms.mpi_spect") / "normals.json").read_text()
    assert "simulated" in json.loads(shipped)["name"]
    path = tmp_path / "ours.json"
    path.write_text(shipped)
    monkeypatch.setenv(NORMALS_VARIABLE, str(path))
    again = subprocess.run(
        [sys.executable, "-c", "from algorithms.mpi_spect import SPEC; print(SPEC.card.version)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "+normals." in again.stdout

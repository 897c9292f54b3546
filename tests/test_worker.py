"""Whatever an algorithm does, it ends in a named state, and the next job runs."""

import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from factories import pet_series, write_series

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.job import Job, JobOutcome, JobState, result_id_of
from dicom_node.planning import JobRequest
from dicom_node.reading.folder import read_folder
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.registry import Registry, load_registry
from dicom_node.worker import Worker

LIMIT_S = 3.0

FAULTS = """
    import ctypes, os, sys, time
    import numpy as np
    from dicom_node.domain.algorithm import AlgorithmCard, AlgorithmSpec, InputSpec
    from dicom_node.domain.coding import SPATIAL_CONCEPT, UPTAKE_CANDIDATE, Unit
    from dicom_node.domain.geometry import Geometry
    from dicom_node.domain.result import Region, Result, Segment, SegmentationResult

    def sleeps(inputs): time.sleep(3600)
    def spins(inputs):
        while True: pass
    def eats(inputs): return [np.empty(2**30) for _ in range(1000)]
    def crashes(inputs): ctypes.string_at(0)
    def leaves(inputs): os._exit(7)
    def raises(inputs): raise RuntimeError("no idea")
    def garbage(inputs): return "not a result"
    def healthy(inputs): return Result()
    def fills(inputs):
        kept = np.ones(2**27)  # 1 GiB
        time.sleep(3600)
    def tells(inputs):
        import SimpleITK, torch
        itk = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
        gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
        raise RuntimeError(f"torch {torch.get_num_threads()}, ITK {itk}, GPUs {gpus}")
    def elsewhere(inputs):
        grid = inputs["pet"].geometry
        moved = grid.affine.copy()
        moved[0, 3] += 5.0
        grid = Geometry(affine=moved, shape=grid.shape, frame_of_reference_uid=None)
        region = Region(origin=(0, 0, 0), mask=np.ones((1, 1, 1), bool))
        one = Segment(number=1, label="x", category=SPATIAL_CONCEPT, type=UPTAKE_CANDIDATE,
                      region=region, tracking_id="x", display_rgb=(255, 0, 0))
        return Result(segmentation=SegmentationResult(role="pet", geometry=grid, segments=(one,)))

    def spec(name):
        card = AlgorithmCard(
            name=name, version="1.0.0", title=name, summary="", training_data="none"
        )
        pet = InputSpec(role="pet", modalities=("PT",), unit=Unit.SUVBW)
        return AlgorithmSpec(card=card, inputs=(pet,), load=lambda: globals()[name],
                             time_limit_s=3.0, memory_limit_mib=6144)

    for _name in {names!r}:
        globals()["SPEC_" + _name] = spec(_name)
"""
NAMES = (
    *("sleeps", "spins", "eats", "crashes", "leaves", "raises", "garbage", "healthy"),
    *("elsewhere", "fills", "tells"),
)


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Iterator[Registry]:
    """Registry of algorithms that misbehave, installed as any distribution is."""
    site = tmp_path_factory.mktemp("site")
    (site / "faults.py").write_text(textwrap.dedent(FAULTS).replace("{names!r}", repr(NAMES)))
    metadata = site / "faults-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: faults\nVersion: 1.0\n")
    points = "\n".join(f"{name} = faults:SPEC_{name}" for name in NAMES)
    (metadata / "entry_points.txt").write_text(f"[dicom_node.algorithms]\n{points}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        yield load_registry()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def pet(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pet")
    write_series(pet_series(slices=4), folder)
    return folder


def run(worker: Worker, registry: Registry, name: str, pet: Path, out: Path) -> JobOutcome:
    return worker.run(request_of(registry, name, pet, out), registry.spec(name))


def request_of(registry: Registry, name: str, pet: Path, out: Path) -> JobRequest:
    (read,) = read_folder(pet, NO_SITE_TRACERS).series
    inputs = {"pet": read.series.instances}
    job = Job(
        job_id=name,
        result_id=result_id_of(algorithm=name, version="1.0.0", inputs=inputs),
        route="test",
        algorithm=name,
        version="1.0.0",
        inputs=inputs,
        destinations=(),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    equipment = Equipment(software_version="0", device_serial_number="test", station_name="TEST")
    return JobRequest(job=job, folder=out, site_tracers=NO_SITE_TRACERS, equipment=equipment)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("sleeps", "time-limit: sleeps 1.0.0: stopped after 3 s"),
        ("spins", "time-limit: spins 1.0.0: stopped after 3 s"),
        ("eats", "memory-limit: eats 1.0.0: more than 6144 MiB of address space"),
        ("crashes", "worker-died: crashes 1.0.0: worker process died: SIGSEGV"),
        ("leaves", "worker-died: leaves 1.0.0: worker process ended with exit status 7"),
        ("raises", "algorithm-failed: raises 1.0.0: RuntimeError: no idea"),
        ("garbage", "algorithm-failed: garbage 1.0.0: gave str, not a Result"),
        ("elsewhere", "algorithm-failed: elsewhere 1.0.0: the segmentation is not on the grid"),
    ],
)
def test_a_fault_ends_in_its_name_within_the_limit_and_the_next_job_runs(
    worker, registry, pet, name, reason
):
    tmp_path = pet.parent / name
    run(worker, registry, "healthy", pet, tmp_path)  # the child is warm
    began_at = time.monotonic()
    outcome = run(worker, registry, name, pet, tmp_path)
    assert outcome.state is JobState.FAILED
    assert (outcome.reason or "").startswith(reason)
    assert time.monotonic() - began_at < LIMIT_S + 10.0
    assert run(worker, registry, "healthy", pet, tmp_path).state is JobState.ENCODED


def test_unfit_data_is_rejected_with_its_reason(worker, registry, tmp_path):
    write_series(pet_series(slices=4, PatientWeight=None), tmp_path / "pet")
    outcome = run(worker, registry, "healthy", tmp_path / "pet", tmp_path / "out")
    assert outcome.state is JobState.REJECTED
    assert "PatientWeight (0010,1030)" in (outcome.reason or "")


def test_a_job_that_is_not_wanted_any_more_is_stopped_and_the_next_one_runs(
    worker, registry, pet, tmp_path
):
    run(worker, registry, "healthy", pet, tmp_path / "a")  # the child is warm
    request = request_of(registry, "sleeps", pet, tmp_path / "b")
    began_at = time.monotonic()
    assert worker.run_while(lambda: False, request, registry.spec("sleeps")) is None
    assert time.monotonic() - began_at < LIMIT_S
    assert run(worker, registry, "healthy", pet, tmp_path / "c").state is JobState.ENCODED


def test_a_crash_may_pass_and_an_error_of_the_algorithm_does_not(worker, registry, pet, tmp_path):
    assert run(worker, registry, "leaves", pet, tmp_path).may_pass
    assert not run(worker, registry, "raises", pet, tmp_path).may_pass


@pytest.fixture
def with_gpu() -> Iterator[Worker]:
    """One that takes one thread and GPU 3, whether there is one or not."""
    made = Worker(threads=1, gpu=3)
    yield made
    made.stop()


def test_threads_and_gpu_are_what_the_node_gives(with_gpu, registry, pet, tmp_path):
    spec = replace(registry.spec("tells"), time_limit_s=60.0)  # torch loads for seconds
    told = with_gpu.run(request_of(registry, "tells", pet, tmp_path), spec).reason or ""
    assert told.endswith("torch 1, ITK 1, GPUs 3")


def test_beside_a_gpu_memory_in_use_is_what_counts(with_gpu, registry, pet, tmp_path):
    run(with_gpu, registry, "healthy", pet, tmp_path)  # the child is warm
    spec = replace(registry.spec("fills"), memory_limit_mib=900)
    began_at = time.monotonic()
    outcome = with_gpu.run(request_of(registry, "fills", pet, tmp_path), spec)
    assert outcome.reason == "memory-limit: fills 1.0.0: more than 900 MiB in use"
    assert time.monotonic() - began_at < LIMIT_S + 10.0

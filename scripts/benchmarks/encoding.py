"""Time and memory to encode large segmentations, beside dcmqi's itkimage2segimage in the same run.

Two cases: 20 organs in a total-body PET (644 x 440 x 440) as BINARY, and 100 segments in a CT
(300 x 512 x 512) as LABELMAP. Each side runs in a process of its own. Ours starts from the regions
of a result, in memory, as an algorithm gives them, and ends with the checked file on disk; dcmqi
starts from a label image on disk. Last, the three objects of a result with 40 segments.
"""

import argparse
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, sleep

import dcmqi
import numpy as np
import SimpleITK
import structlog
from encoding.reports import EQUIPMENT, instances_of, measured, report_of, segment, volume_of
from factories import ct_series, pet_series
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.domain.report import Report
from dicom_node.domain.result import Result, SegmentationResult
from dicom_node.encoding.encode import encode_report, write_objects
from dicom_node.encoding.explicit import file_of
from dicom_node.encoding.forms import Form
from dicom_node.encoding.landmark import check_landmarks
from dicom_node.encoding.parts import Split
from dicom_node.encoding.segmentation import WHOLE, build_segmentation
from dicom_node.encoding.sources import read_source
from dicom_node.encoding.uids import Role

LABELMAP = Form(role=Role.SEG, split=Split(overlap=False, labelmap=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one side took."""

    seconds: float
    mib: float
    bytes_written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A segmentation to be encoded."""

    name: str
    series: list[Dataset]
    count: int
    form: Form


def main() -> int:
    """Run every case and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="of every size, for a quick look")
    scale = parser.parse_args().scale

    def sized(*sizes: int) -> dict[str, int]:
        named = zip(("slices", "rows", "columns"), sizes, strict=True)
        return {name: max(round(size * scale), 12) for name, size in named}

    body = pet_series(**sized(644, 440, 440), spacing_mm=(3.0, 1.6, 1.6))
    _compare(Case(name="20 organs, PET, BINARY", series=body, count=20, form=WHOLE))
    del body
    chest = ct_series(**sized(300, 512, 512), spacing_mm=(1.5, 0.8, 0.8))
    _compare(Case(name="100 segments, CT, LABELMAP", series=chest, count=100, form=LABELMAP))
    _three_objects()
    return 0


def _compare(case: Case) -> None:
    """Both sides on one case, and the ratios of what they took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report, labels = _report(case, folder)
        ours = _cost_of_ours(report, case.form, folder / "ours.dcm")
        _say(f"{case.name}, {labels.shape}")
        _tell("dicom_node", ours)
        _write_labels(case, report, labels, folder)
        program = Path(dcmqi.__file__).parent / "bin" / "itkimage2segimage"
        theirs = _cost_of_theirs(_dcmqi(program, case, folder), folder / "theirs.dcm")
        _tell("itkimage2segimage", theirs)
        _say(
            f"  ratio: time {ours.seconds / theirs.seconds:.2f}, "
            f"memory {ours.mib / theirs.mib:.2f}, "
            f"bytes {ours.bytes_written / theirs.bytes_written:.2f}"
        )


def _report(case: Case, folder: Path) -> tuple[Report, NDArray[np.uint8]]:
    """Ellipsoids in the cells of a lattice: they touch, and share no voxel."""
    volume = volume_of(case.series)
    shape = volume.geometry.shape
    labels = np.zeros(shape, np.uint8)
    cells = (5, 2, 2) if case.count == 20 else (4, 5, 5)
    sizes = [length // n for length, n in zip(shape, cells, strict=True)]
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in sizes], indexing="ij"))
    ball = (grid**2).sum(axis=0) <= 1.0
    for number, cell in enumerate(np.ndindex(*cells), start=1):
        box = tuple(slice(i * n, (i + 1) * n) for i, n in zip(cell, sizes, strict=True))
        labels[box][ball] = number
    segments = tuple(segment(n, labels == n) for n in range(1, case.count + 1))
    found = SegmentationResult(role="pet", geometry=volume.geometry, segments=segments)
    report = replace(
        report_of(folder, case.series[:1]),
        source=volume,
        source_instances=instances_of(case.series, folder / "dicom"),
        result=Result(segmentation=found),
    )
    return report, labels


def _encode(report: Report, form: Form, path: Path) -> None:
    """Our side: build, check, write."""
    found = report.result.segmentation
    assert found is not None
    made = build_segmentation(report, found, EQUIPMENT, read_source(report), form)
    encoded = file_of(made)
    check_landmarks(encoded, report, found)
    with path.open("wb") as file:
        file.write(encoded)
        file.flush()
        os.fsync(file.fileno())


def _dcmqi(program: Path, case: Case, folder: Path) -> list[str]:
    """The command of the other side."""
    kind = "binary" if case.form is WHOLE else "labelmap"
    return [
        *(str(program), "--skip", "1", "--segmentationType", kind),
        *("--inputImageList", str(folder / "labels.nrrd")),
        *("--inputDICOMDirectory", str(folder / "dicom")),
        *("--inputMetadata", str(folder / "meta.json")),
        *("--outputDICOM", str(folder / "theirs.dcm")),
    ]


def _cost_of_ours(report: Report, form: Form, made: Path) -> Cost:
    """What we take in a process of its own; forked, so that it has the result in memory."""
    child = multiprocessing.get_context("fork").Process(target=_encode, args=(report, form, made))
    began_at = perf_counter()
    child.start()
    assert child.pid is not None
    mib = _peak_mib(child.pid, child.is_alive)
    child.join()
    if child.exitcode:
        raise SystemExit(f"ours ended with {child.exitcode}")
    return Cost(seconds=perf_counter() - began_at, mib=mib, bytes_written=made.stat().st_size)


def _cost_of_theirs(command: list[str], made: Path) -> Cost:
    """What a program takes."""
    began_at = perf_counter()
    child = subprocess.Popen(  # noqa: S603  the command is our own
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    mib = _peak_mib(child.pid, lambda: child.poll() is None)
    if child.wait():
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return Cost(seconds=perf_counter() - began_at, mib=mib, bytes_written=made.stat().st_size)


def _peak_mib(pid: int, alive: Callable[[], bool]) -> float:
    """Largest memory of a process that it does not share with this one, looked at 20 times a s."""
    peak = 0
    while alive():
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            break
        own = [int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")]
        peak = max(peak, sum(own))
        sleep(0.05)
    return peak / 1024


def _write_labels(case: Case, report: Report, labels: NDArray[np.uint8], folder: Path) -> None:
    """Label image and metadata as itkimage2segimage takes them."""
    geometry = report.source.geometry
    image = SimpleITK.GetImageFromArray(labels)
    slices, rows, columns = geometry.spacing_mm
    image.SetSpacing((columns, rows, slices))
    image.SetOrigin(geometry.index_to_lps((0, 0, 0)).tolist())
    axes = geometry.affine[:3, [2, 1, 0]] / np.array([columns, rows, slices])
    image.SetDirection(axes.ravel().tolist())
    SimpleITK.WriteImage(image, str(folder / "labels.nrrd"))
    code = {"CodeValue": "123037004", "CodingSchemeDesignator": "SCT", "CodeMeaning": "Structure"}
    described = [
        {
            "labelID": number,
            "SegmentDescription": f"segment {number}",
            "SegmentAlgorithmType": "AUTOMATIC",
            "SegmentAlgorithmName": "benchmark",
            "SegmentedPropertyCategoryCodeSequence": code,
            "SegmentedPropertyTypeCodeSequence": code,
            "recommendedDisplayRGBValue": [200, 20, 20],
        }
        for number in range(1, case.count + 1)
    ]
    meta = {"SeriesDescription": "benchmark", "SeriesNumber": "1", "segmentAttributes": [described]}
    (folder / "meta.json").write_text(json.dumps(meta))


def _tell(name: str, cost: Cost) -> None:
    size = cost.bytes_written / 1e6
    _say(f"  {name:18} {cost.seconds:7.2f} s {cost.mib:8.0f} MiB {size:8.1f} MB written")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _three_objects() -> None:
    """Segmentation, report and page of a result with 40 segments on 135 slices."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    series = pet_series(slices=135, rows=128, columns=128)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        volume = volume_of(series)
        masks = np.zeros((40, *volume.geometry.shape), bool)
        for number, mask in enumerate(masks):
            mask[3 * number : 3 * number + 9, 40:60, number : number + 20] = True
        segments = tuple(segment(n, mask) for n, mask in enumerate(masks, start=1))
        found = SegmentationResult(role="pet", geometry=volume.geometry, segments=segments)
        values = tuple(one for n in range(1, 41) for one in measured(n))
        report = report_of(folder, series, result=Result(segmentation=found, measurements=values))
        for again in ("first", "again"):  # the first reads the dictionaries of the libraries
            began_at = perf_counter()
            objects = encode_report(report, EQUIPMENT)
            write_objects(objects, folder / again)
            names = ", ".join(one.form.name for one in objects)
            _say(f"{names} of 40 segments, {again}: {perf_counter() - began_at:.2f} s")


if __name__ == "__main__":
    sys.exit(main())

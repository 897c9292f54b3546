"""Every form on every kind of source: valid, in its place, and read by programs of other hands."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK
from encoding.points import by_dcmqi, by_highdicom, ordered
from encoding.reports import CARD, EQUIPMENT
from encoding.sources import SOURCES, masks_of, report_on
from encoding.tools import errors_of, run, study_errors_of
from highdicom.pm import ParametricMap

from dicom_node.domain.forms import (
    ExtraForm,
    PageForm,
    ResultForms,
    SegForm,
    SrClass,
    SrForm,
    SrTracking,
)
from dicom_node.domain.report import Report
from dicom_node.encoding.encode import encode_report, write_objects
from dicom_node.encoding.sop_classes import sop_classes_of

BOTH = (SrForm.MEASUREMENTS, SrForm.REPORT)
DESTINATIONS = {
    "archive": ResultForms(extra_forms=tuple(ExtraForm)),
    "ohif": ResultForms(sr_forms=BOTH, sr_tracking=SrTracking.CORNERSTONE, seg_overlap=False),
    "labels": ResultForms(seg_form=SegForm.LABELMAP, page_form=PageForm.MULTI_FRAME),
    "older": ResultForms(sr_forms=BOTH, sr_class=SrClass.ENHANCED, seg_frame_limit=3),
    "old": ResultForms(sr_class=SrClass.COMPREHENSIVE),
}


@dataclass(frozen=True)
class Written:
    """Every object of a report, by the name of its form."""

    report: Report
    paths: dict[str, Path]
    classes: dict[str, set[str]]  # SOP classes that each destination may be sent

    def named(self, start: str) -> list[Path]:
        return [path for name, path in self.paths.items() if name.startswith(start)]


@pytest.fixture(scope="module", params=SOURCES.values(), ids=SOURCES.keys())
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("source")
    report = report_on(request.param(), folder / "in")
    objects = encode_report(report, EQUIPMENT, DESTINATIONS)
    files = write_objects(objects, folder / "out")
    names = [one.form.name for one in objects]
    paths = dict(zip(names, [one.path for one in files], strict=True))
    classes = {
        name: {
            str(one.dataset.SOPClassUID)
            for one in objects
            if one.audience is None or name in one.audience | one.spare_for
        }
        for name in DESTINATIONS
    }
    return Written(report=report, paths=paths, classes=classes)


def points_of(written: Written, number: int) -> np.ndarray:
    geometry = written.report.source.geometry
    return ordered(geometry.index_to_lps(np.argwhere(masks_of(geometry.shape)[number - 1])))


def test_every_form_was_made(written: Written) -> None:
    roles = {name.split("-")[0] for name in written.paths}
    assert roles == {"seg", "rtstruct", "sr", "sc", "map", "pdf", "ko"}
    assert len(written.paths) == 17


def test_each_destination_is_sent_the_sop_classes_that_are_stated_for_it(written: Written) -> None:
    stated = {name: set(sop_classes_of(forms)) for name, forms in DESTINATIONS.items()}
    assert written.classes == stated


def test_dciodvfy_finds_no_error_in_any(written: Written) -> None:
    found = {name: errors_of(path) for name, path in written.paths.items()}
    assert {name: errors for name, errors in found.items() if errors} == {}


def test_dcentvfy_finds_all_of_them_consistent_with_their_study(written: Written) -> None:
    sources = [one.path for one in written.report.source_instances]
    found = study_errors_of([*written.paths.values(), *sources])
    # A structure set names its study as an instance of a retired class (PS3.3 C.8.8.5), which
    # dcentvfy looks for among the files; no other reference may be missing.
    study = written.report.source.key.study_instance_uid
    missing = f"Missing SOPInstanceUID that was referenced - {study} for file"
    assert [one for one in found if missing not in one or "rtstruct" not in one] == []


def test_each_frame_names_the_frame_of_its_slice(written: Written) -> None:
    source = written.report.source
    for path in (*written.named("seg"), *written.named("map")):
        dataset = pydicom.dcmread(path)
        for item in dataset.PerFrameFunctionalGroupsSequence:
            where = np.array(item.PlanePositionSequence[0].ImagePositionPatient, float)
            index = round(float(source.geometry.lps_to_index(where)[0]))
            (image,) = item.DerivationImageSequence[0].SourceImageSequence
            named = (image.ReferencedSOPInstanceUID, image.get("ReferencedFrameNumber"))
            expected = source.frames[index]
            assert named == (expected.sop_instance_uid, expected.frame_number)


def test_highdicom_and_dcmqi_find_each_voxel_of_the_segments(
    written: Written, tmp_path: Path
) -> None:
    for name in ("seg", "seg-labelmap"):
        path = written.paths[name]
        for number in (1, 2, 3):
            truth = points_of(written, number)
            folder = tmp_path / name / str(number)
            np.testing.assert_allclose(by_dcmqi(path, folder, number), truth, atol=2e-3)
    for number in (1, 2, 3):
        found = by_highdicom(written.paths["seg"].read_bytes(), number)
        np.testing.assert_allclose(found, points_of(written, number), atol=2e-3)


def test_dcmqi_reads_the_reports_and_dcmtk_prints_them(written: Written, tmp_path: Path) -> None:
    for path in written.named("sr"):
        printed = run("dsrdump", "+Pl", path)
        assert not [line for line in printed.stderr.splitlines() if line.startswith("E:")]
        assert '"SUVbw")="12.345" (g/ml{SUVbw},UCUM' in printed.stdout
    told = tmp_path / "sr.json"
    done = run("tid1500reader", "--inputDICOM", written.paths["sr"], "--outputMetadata", told)
    assert done.returncode == 0, done.stderr
    first = json.loads(told.read_text())["Measurements"][0]
    assert first["measurementAlgorithmIdentification"]["AlgorithmName"] == CARD.name
    groups = hd.sr.srread(written.paths["sr"]).content.get_volumetric_roi_measurement_groups()
    assert len(groups) == 3


def test_dcmqi_and_highdicom_read_the_voxel_map(written: Written, tmp_path: Path) -> None:
    (path,) = written.named("map")
    values = written.report.result.maps[0].values
    made = ParametricMap.from_dataset(pydicom.dcmread(path))
    assert np.array_equal(np.frombuffer(made.FloatPixelData, "<f4"), values.ravel())
    done = run("paramap2itkimage", "--inputDICOM", path, "--outputDirectory", tmp_path)
    assert done.returncode == 0, done.stderr
    image = SimpleITK.ReadImage(str(tmp_path / "pmap.nrrd"))
    read = SimpleITK.GetArrayFromImage(image)
    geometry = written.report.source.geometry
    for index in ((0, 0, 0), (2, 3, 4), tuple(size - 1 for size in geometry.shape)):
        place = geometry.index_to_lps(index).tolist()
        at = image.TransformPhysicalPointToIndex(place)
        assert read[at[::-1]] == values[index]


def test_dcmtk_reads_the_contours(written: Written) -> None:
    done = run("drtdump", written.paths["rtstruct"])
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("E:")]
    assert "RT Structure Set" in done.stdout


def test_the_contours_enclose_each_voxel_and_no_other(written: Written) -> None:
    geometry = written.report.source.geometry
    dataset = pydicom.dcmread(written.paths["rtstruct"])
    for item, mask in zip(dataset.ROIContourSequence, masks_of(geometry.shape), strict=True):
        found = np.zeros(geometry.shape, bool)
        for index, corners in contours(item, geometry.lps_to_index):
            found[index] ^= inside(corners, geometry.shape[1:])
        assert np.array_equal(found, mask)


def contours(item: pydicom.Dataset, to_index) -> Iterator[tuple[int, np.ndarray]]:  # type: ignore[no-untyped-def]
    """Slice and (row, column) corners of each contour of a region."""
    for one in item.ContourSequence:
        where = to_index(np.array(one.ContourData, float).reshape(-1, 3))
        yield round(float(where[0, 0])), where[:, 1:]


def inside(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Pixel centres that a closed line goes round an odd number of times."""
    rows, columns = np.indices(shape)
    found = np.zeros(shape, bool)
    for (r0, c0), (r1, c1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if r0 == r1:
            continue
        crossed = (r0 > rows) != (r1 > rows)
        found ^= crossed & (columns < c0 + (rows - r0) * (c1 - c0) / (r1 - r0))
    return found


def test_dcmtk_unpacks_the_pdf(written: Written, tmp_path: Path) -> None:
    out = tmp_path / "pages.pdf"
    done = run("dcm2pdf", written.paths["pdf"], out)
    assert done.returncode == 0, done.stderr
    content = out.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page ") + content.count(b"/Type /Page\n") == 2


def test_the_key_objects_list_the_page_the_report_and_the_hottest_slices(written: Written) -> None:
    (path,) = written.named("ko")
    dataset = pydicom.dcmread(path)
    items = [one for one in dataset.ContentSequence if "ReferencedSOPSequence" in one]
    listed = [one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in items]
    ours = [pydicom.dcmread(written.paths[name]).SOPInstanceUID for name in ("sc", "sr", "seg")]
    assert listed[:3] == ours
    assert [one.ValueType for one in items[:3]] == ["IMAGE", "COMPOSITE", "IMAGE"]
    source = {one.sop_instance_uid for one in written.report.source_instances}
    assert listed[3:]
    assert set(listed[3:]) <= source
    evidence = dataset.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    named = {i.ReferencedSOPInstanceUID for one in evidence for i in one.ReferencedSOPSequence}
    assert named == set(listed)


def test_the_pages_are_frames_of_one_object(written: Written) -> None:
    pages = pydicom.dcmread(written.paths["sc-pages"])
    page = pydicom.dcmread(written.paths["sc"])
    assert (pages.NumberOfFrames, list(pages.PageNumberVector)) == (2, [1, 2])
    assert np.array_equal(pages.pixel_array[0], page.pixel_array)
    assert not np.array_equal(pages.pixel_array[1], page.pixel_array)

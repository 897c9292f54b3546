"""Each algorithm's exam through the running node into Orthanc, and its results in OHIF.

Run by `scripts/soak ohif`, for whole bodies take minutes. DICOM_NODE_SHOTS names the folder in
which the pictures stay, to be looked at; what can be checked without eyes is checked here.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from peers import (
    Orthanc,
    RunningNode,
    free_port,
    own_tool,
    running_node,
    storescu,
    wait_until,
    write_config,
)
from pydicom import Dataset
from viewer.conftest import FORMS
from viewer.reader import Reader
from viewer.test_review import CLEAR_PIXELS, SAME_PLANE_MM
from viewer.truth import SegmentTruth, segments_of

from algorithms.simulation.heart.study import simulate

ROUTES = """
[[routes]]
name = "{tracer}"
algorithm = "{algorithm}"
destinations = ["pacs"]
when = {{ modality = "PT", tracer = {tracers}, original = true, attenuation_corrected = true }}
contours = "taken"
companions = {{ ct = {ct} }}
"""
CT = '{ modality = "CT", same_frame_of_reference = true, if_missing = "run", wait_s = 60.0 }'
WHOLE_BODY = ROUTES.format(
    tracer="fdg", algorithm="fdg-lesions", tracers='"FDG"', ct=CT
) + ROUTES.format(
    tracer="psma", algorithm="psma-lesions", tracers='["PSMA-11", "PSMA-1007", "DCFPYL"]', ct=CT
)
RESULTS_LIMIT_S = 900.0
_LOOKED_AT = 4  # segments of an object that are scrolled to


@dataclass(frozen=True)
class Exam:
    """What is sent, and how many jobs it makes.

    Parameters
    ----------
    simulated : what `dicom-node simulate` makes, and its seed; None for a real study
    gates : of a simulated heart
    """

    name: str
    jobs: int = 1
    simulated: tuple[str, int] | None = None
    gates: int | None = None


EXAMS = (
    Exam("fdg", simulated=("fdg-wholebody", 3)),
    Exam("psma", simulated=("psma-wholebody", 3)),
    Exam("real-fdg"),
    Exam("mpi-one-maker", jobs=2, simulated=("mpi-spect", 3), gates=1),
    Exam("mpi-another-maker", jobs=2, simulated=("mpi-spect", 4), gates=1),
    Exam("mpi-gated", jobs=2, simulated=("mpi-spect", 4), gates=16),
    Exam("dat-one-maker", simulated=("dat-spect", 3)),
    Exam("dat-another-maker", simulated=("dat-spect", 4)),
)


@dataclass(frozen=True)
class Seen:
    """A study in the PACS with every object that the node made of it."""

    exam: Exam
    uid: str
    series: int
    objects: tuple[Dataset, ...]

    @property
    def segs(self) -> list[Dataset]:
        return [one for one in self.objects if one.Modality == "SEG"]

    def described(self, word: str) -> list[str]:
        """Series descriptions that say what kind of object it is."""
        return [d for d in (one.SeriesDescription for one in self.objects) if f" {word} " in d]


@pytest.fixture(scope="session")
def node(tmp_path_factory, pacs: Orthanc) -> Iterator[RunningNode]:
    """A node with the routes that are shipped, and those of the whole-body algorithms."""
    port = free_port()
    folder = tmp_path_factory.mktemp("node")
    config = write_config(folder, node_port=port, pacs_port=pacs.dicom_port, forms=FORMS)
    routes = config / "routes.toml"
    shipped = routes.read_text().replace('modality = "PT", original', 'tracer = "NAF", original')
    routes.write_text(shipped + WHOLE_BODY)
    with running_node(config, port) as running:
        yield running


@pytest.fixture(scope="module", params=EXAMS, ids=lambda exam: exam.name)
def seen(request, pacs: Orthanc, node: RunningNode, tmp_path_factory) -> Seen:
    """An exam, sent to the PACS and to the node, and what the node sent to the PACS."""
    exam: Exam = request.param
    if exam.simulated is None:
        study = request.getfixturevalue("shared_data") / "petct-fdg-ge"
        folders = [next(study.glob(name)) for name in ("PT_PET_AC_*", "CT_CT_IMAGES_*")]
    else:
        folders = _simulated(tmp_path_factory.mktemp("exam"), *exam.simulated, exam.gates)
    before = len(node.states())
    files = [file for folder in folders for file in folder.rglob("*.dcm")]
    for file in files:
        pacs.put(file.read_bytes())
    for folder in folders:
        storescu(node.port, folder)
    wait_until(
        f"the results of {exam.name} in the PACS",
        lambda: node.states()[: exam.jobs + before].count("DELIVERED") == exam.jobs + before,
        limit_s=RESULTS_LIMIT_S,
        every_s=3.0,
    )
    headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
    uid = str(headers[0].StudyInstanceUID)
    objects = tuple(
        one
        for modality in ("SEG", "SR", "OT")
        for instance in pacs.instances(modality)
        if (one := pydicom.dcmread(BytesIO(pacs.file(instance)))).StudyInstanceUID == uid
    )
    sent = len({one.SeriesInstanceUID for one in headers})
    made = len({one.SeriesInstanceUID for one in objects})
    return Seen(exam=exam, uid=uid, series=sent + made, objects=objects)


def _simulated(folder: Path, name: str, seed: int, gates: int | None) -> list[Path]:
    if gates is not None:
        simulate(folder, seed=seed, gates=gates)
        return sorted(path for path in folder.iterdir() if path.is_dir())
    asked = [own_tool("dicom-node"), "simulate", name, "--out", str(folder), "--seed", str(seed)]
    subprocess.run(asked, check=True, capture_output=True, timeout=600)
    return sorted(path for path in folder.iterdir() if path.is_dir())


def opened(reader: Reader, seen: Seen, description: str, *, afresh: bool) -> None:
    """Open a result in the viewer."""
    reader.ask("study", uid=seen.uid, series=seen.series, afresh=afresh)
    reader.ask("open", description=description)


def test_every_kind_of_result_is_in_the_pacs_and_listed(reader: Reader, seen: Seen) -> None:
    for word in ("segments", "report", "measurements", "summary"):
        assert len(set(seen.described(word))) >= seen.exam.jobs, word
    reader.ask("study", uid=seen.uid, series=seen.series, afresh=True)
    listed = reader.ask("series")
    for one in seen.objects:
        assert any(one.SeriesDescription in row for row in listed), one.SeriesDescription


def test_every_segment_is_held_on_its_slices_and_drawn_in_its_colour(
    reader: Reader, seen: Seen
) -> None:
    _skip_where_ohif_shows_a_film(seen)
    for number, seg in enumerate(seen.segs):
        opened(reader, seen, seg.SeriesDescription, afresh=True)
        assert reader.ask("offered"), f"OHIF does not offer to open {seg.SeriesDescription}"
        reader.ask("accept")
        reader.ask("panel", name="panelSegmentation-btn")
        truth = segments_of(seg)
        (held,) = reader.ask("segments")
        found = {int(place): one for place, one in held["found"].items()}
        assert {place: one["voxels"] for place, one in found.items()} == {
            one.number: one.voxels for one in truth
        }
        for one in truth:
            held_range = (found[one.number]["low"], found[one.number]["high"])
            assert held_range == pytest.approx((one.low_mm, one.high_mm), abs=SAME_PLANE_MM)
        _look(reader, f"{seen.exam.name}-{number + 1}", truth)


def _skip_where_ohif_shows_a_film(seen: Seen) -> None:
    if (seen.exam.gates or 1) > 1:
        pytest.skip("OHIF 3.13 draws nothing over the film of a gated scan (docs/viewers.md)")


def _look(reader: Reader, name: str, truth: tuple[SegmentTruth, ...]) -> None:
    """Scroll to some segments that are large enough, and compare the colour on the screen."""
    clear = [one for one in truth if one.clear_pixels >= CLEAR_PIXELS]
    step = max(1, len(clear) // _LOOKED_AT)
    for one in clear[::step]:
        reader.scroll_to(one.inside_mm)
        reader.shot(f"{name}-{one.label}")
        seen = reader.colour(one.inside_mm)
        assert seen.like(one.rgb), f"{one.label}: {seen}, expected {one.rgb}"


def test_pages_and_reports_are_shown(reader: Reader, seen: Seen) -> None:
    for number, description in enumerate(seen.described("summary")):
        opened(reader, seen, description, afresh=False)
        reader.shot(f"{seen.exam.name}-page-{number + 1}")
    for number, description in enumerate(seen.described("report")):
        opened(reader, seen, description, afresh=False)
        text = reader.ask("text")
        reader.shot(f"{seen.exam.name}-report-{number + 1}")
        assert "RESEARCH ONLY - NOT FOR CLINICAL USE" in text


def test_nothing_in_the_browser_failed(reader: Reader, seen: Seen) -> None:
    troubles = reader.ask("troubles")  # asked in any case: they are of this exam
    _skip_where_ohif_shows_a_film(seen)
    assert [one for one in troubles if "favicon" not in one] == []

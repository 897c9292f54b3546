"""A PACS, a node that sends to it, and a reader at its viewer; one of each for all tests here."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest
from factories import nm_recon_tomo, write_series
from peers import (
    Orthanc,
    RunningNode,
    dicomweb_plugin,
    free_port,
    own_tool,
    running_node,
    running_orthanc,
    storescu,
    wait_until,
    write_config,
)
from viewer.ohif import running_ohif
from viewer.reader import Reader, packages, reading
from viewer.truth import Results, read_results

FORMS = 'sr_forms = ["measurements", "report"]\nsr_tracking = "cornerstone"\nseg_overlap = false\n'
TESTS = Path(__file__).resolve().parents[1]
# Orthanc refuses the SOP class of label maps as long as it is not told to take unknown ones.
LABELS = """
[[destinations]]
name = "labels"
ae_title = "PACS"
host = "127.0.0.1"
port = {port}
sr_forms = ["measurements", "report"]
sr_tracking = "cornerstone"
seg_form = "labelmap"
extra_forms = ["rtstruct", "pdf", "key-objects"]
"""
SPECT_ROUTE = """
[[routes]]
name = "spect"
algorithm = "hot-counts"
destinations = ["labels"]
when = { modality = ["NM"] }
"""
RESULT_LIMIT_S = 120.0


@pytest.fixture(scope="session")
def shots(tmp_path_factory) -> Path:
    """Folder for pictures of the screen; DICOM_NODE_SHOTS names one that stays."""
    named = os.environ.get("DICOM_NODE_SHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("shots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def pacs(tmp_path_factory) -> Iterator[Orthanc]:
    packages()  # before anything is started: else these tests are skipped
    plugin = dicomweb_plugin()
    with running_orthanc(tmp_path_factory.mktemp("orthanc"), plugins=[plugin]) as running:
        yield running


@pytest.fixture(scope="session")
def node(tmp_path_factory, pacs) -> Iterator[RunningNode]:
    port = free_port()
    folder = tmp_path_factory.mktemp("node")
    forms = FORMS + LABELS.format(port=pacs.dicom_port)
    config = write_config(folder, node_port=port, pacs_port=pacs.dicom_port, forms=forms)
    with (config / "routes.toml").open("a") as routes:
        routes.write(SPECT_ROUTE)
    installed = installed_algorithm(tmp_path_factory.mktemp("site"))
    # The root before tests: else tests/algorithms hides algorithms.
    paths = [str(installed), str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH", "")]
    with ExitStack() as until_the_end:
        with pytest.MonkeyPatch.context() as patch:  # of the node, and of nobody beside it
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
            running = until_the_end.enter_context(running_node(config, port))
        yield running


def installed_algorithm(site: Path) -> Path:
    """Folder in which the algorithm of the tests is installed, as any distribution is."""
    metadata = site / "hot_counts-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hot-counts\nVersion: 1.0\n")
    point = "hot-counts = viewer.hot_counts:SPEC"
    (metadata / "entry_points.txt").write_text(f"[dicom_node.algorithms]\n{point}\n")
    return site


@pytest.fixture(scope="session")
def reader(tmp_path_factory, pacs, shots) -> Iterator[Reader]:
    dist = packages() / "ohif" / "dist"
    with running_ohif(dist, pacs.http_port) as address:
        work = tmp_path_factory.mktemp("browser")
        with reading(address, shots=shots, work=work) as one:
            yield one


@dataclass(frozen=True)
class Reviewed:
    """A study that lies in the PACS with the results of the node."""

    name: str
    uid: str
    series: int
    results: Results


def review(name: str, folders: list[Path], pacs: Orthanc, node: RunningNode) -> Reviewed:
    """Put a study into the PACS, send it to the node, and wait for its results in the PACS."""
    files = [file for folder in folders for file in folder.rglob("*.dcm")]
    for file in files:
        pacs.put(file.read_bytes())
    for folder in folders:
        storescu(node.port, folder)
    study = str(pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)
    wait_until(
        f"the results of {name} in the PACS",
        lambda: set(node.states()) == {"DELIVERED"} and read_results(pacs, study) is not None,
        limit_s=RESULT_LIMIT_S,
        every_s=0.5,
    )
    results = read_results(pacs, study)
    assert results is not None
    headers = [pydicom.dcmread(file, stop_before_pixels=True) for file in files]
    series = len({one.SeriesInstanceUID for one in headers}) + results.count
    return Reviewed(name=name, uid=study, series=series, results=results)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory, pacs, node) -> Reviewed:
    folder = tmp_path_factory.mktemp("simulated")
    subprocess.run(
        [own_tool("dicom-node"), "simulate", "fdg-petct", "--out", str(folder)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    return review("simulated", [folder / "CT", folder / "PT"], pacs, node)


@pytest.fixture(scope="session")
def real(shared_data, pacs, node) -> Reviewed:
    study = shared_data / "petct-fdg-ge"
    folders = [next(study.glob(name)) for name in ("PT_PET_AC_*", "CT_CT_IMAGES_*")]
    return review("real", folders, pacs, node)


@pytest.fixture(scope="session")
def spect(tmp_path_factory, pacs, node) -> Reviewed:
    """A reconstructed SPECT with two hot spheres; its slices go against the normal."""
    shape, spacing_mm = (30, 64, 64), (-4.0, 4.4, 4.4)
    folder = tmp_path_factory.mktemp("spect")
    places = np.indices(shape).reshape(3, -1).T * np.abs(spacing_mm)
    counts = 20.0 + places[:, 2] % 9  # no slice is the same everywhere: no window fits such one
    for centre, radius, hot in (((40, 120, 90), 25, 900), ((80, 170, 200), 18, 700)):
        counts[np.linalg.norm(places - centre, axis=1) < radius] = hot
    made = nm_recon_tomo(
        slices=shape[0],
        rows=shape[1],
        columns=shape[2],
        spacing_mm=spacing_mm,
        origin_mm=(-140.0, -140.0, 60.0),
        values=counts.reshape(shape).astype(np.uint16),
        study="spect of the viewer",
        SeriesDescription="Made-up SPECT",
    )
    write_series([made], folder)
    return review("spect", [folder], pacs, node)


@pytest.fixture(params=["simulated", "real"], scope="module")
def study(request) -> Reviewed:
    """Each of the studies, one after the other."""
    reviewed: Reviewed = request.getfixturevalue(request.param)
    return reviewed

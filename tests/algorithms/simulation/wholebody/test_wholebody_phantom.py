"""The anatomy beside the mesh50_XCAT phantom of the public data, where that is on the machine."""

import zipfile

import numpy as np
import pytest

from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.patient import draw_patient
from algorithms.simulation.wholebody.worlds import world

BRAIN = (Organ.GREY_MATTER, Organ.WHITE_MATTER, Organ.CEREBELLUM)
SHAPE = (1764, 280, 658)  # slices upward from the soles, rows, columns, 1 mm
LABELS = {"brain": (3, BRAIN), "liver": (5, (Organ.LIVER,)), "lungs": (6, (Organ.LUNG,))}


@pytest.fixture(scope="module")
def phantom(shared_data):
    """Every fourth voxel of the whole-body phantom."""
    archive = shared_data / "wholebody-phantom" / "Voxelized_mesh50XCAT_WholeBody.zip"
    if not archive.is_file():
        pytest.skip("the whole-body phantom of ../shared/data is not on this machine")
    kept = []
    with zipfile.ZipFile(archive) as files, files.open("VoxWholeBody_658x280x1764.i33") as stream:
        size = SHAPE[1] * SHAPE[2] * 2
        for number in range(SHAPE[0]):
            plane = stream.read(size)
            if number % 4 == 0:
                image = np.frombuffer(plane, "<u2").reshape(SHAPE[1:])
                kept.append(image[::4, ::4].astype(np.uint8))
    return np.stack(kept)


@pytest.fixture(scope="module")
def men():
    """Men of the training world whose head is in the scan, with their organs scaled to 1.76 m."""
    drawn = [draw_patient(world("fdg", "usual"), seed) for seed in range(30, 36)]
    return [p for p in drawn if p.habitus.sex == "M" and p.z_mm[1] > -60]


@pytest.mark.parametrize("name", LABELS)
def test_organ_has_the_volume_and_the_height_of_the_phantoms(phantom, men, name):
    label, organs = LABELS[name]
    theirs = phantom == label
    volume_ml = float(theirs.sum()) * 0.064
    below_vertex_mm = SHAPE[0] - 4 * np.nonzero(theirs)[0].mean()
    numbers = [NUMBER[organ] for organ in organs]
    ours = [np.isin(p.plan.organ, numbers) for p in men]
    volumes = [m.sum() * 0.064 / p.habitus.tall**3 for m, p in zip(ours, men, strict=True)]
    heights = [
        -p.plan.axes.z_mm[np.nonzero(m)[0]].mean() / p.habitus.tall
        for m, p in zip(ours, men, strict=True)
    ]
    assert len(men) >= 2
    assert np.median(volumes) == pytest.approx(volume_ml, rel=0.3)
    assert np.median(heights) == pytest.approx(below_vertex_mm, abs=25)

"""The test data themselves: valid by dciodvfy, the same from the same call, changed by keyword."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import (
    ct_series,
    dynamic_pet,
    enhanced_pet,
    gated_pet,
    nm_projections,
    nm_recon_tomo,
    pet_series,
    write_series,
)
from orientations import CORONAL

OBJECTS = {
    "PET": lambda: pet_series(slices=1),
    "oblique PET": lambda: pet_series(slices=1, orientation=(0.6, 0.8, 0, -0.48, 0.36, 0.8)),
    "dynamic PET": lambda: dynamic_pet(slices=1, time_slices=2)[1:],
    "gated PET": lambda: gated_pet(slices=1, time_slots=2)[1:],
    "CT": lambda: ct_series(slices=1, orientation=CORONAL),
    "NM": lambda: [nm_recon_tomo()],
    "NM against the normal": lambda: [nm_recon_tomo(spacing_mm=(-4.0, 3.0, 2.0))],
    "NM without orientation": lambda: [nm_recon_tomo(orientation=None)],
    "gated NM": lambda: [nm_recon_tomo(gates=3)],
    "NM projections": lambda: [nm_projections()],
    "Enhanced PET": lambda: [enhanced_pet()],
    "dynamic Enhanced PET": lambda: [enhanced_pet(time_points=2)],
}


@pytest.mark.parametrize("name", OBJECTS)
def test_dciodvfy_finds_no_error(tmp_path: Path, name: str) -> None:
    places = f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin"
    dciodvfy = shutil.which("dciodvfy", path=places)
    assert dciodvfy is not None, "dciodvfy comes with the package dicom3tools"
    (path,) = write_series(OBJECTS[name](), tmp_path / "series")
    told = subprocess.run(
        [dciodvfy, "-new", str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    lines = (told.stdout + told.stderr).splitlines()
    assert [line for line in lines if line.startswith("Error")] == []


def test_the_same_call_makes_the_same_objects() -> None:
    assert pet_series() == pet_series()
    assert enhanced_pet() == enhanced_pet()


@pytest.mark.parametrize(
    ("change", "differs"),
    [({"series": "other"}, "SeriesInstanceUID"), ({"study": "other"}, "StudyInstanceUID")],
)
def test_names_of_study_and_series_decide_the_uids(change: dict[str, Any], differs: str) -> None:
    one, other = pet_series(slices=1)[0], pet_series(slices=1, **change)[0]
    assert one[differs] != other[differs]
    assert one.SOPInstanceUID != other.SOPInstanceUID


def test_pet_and_ct_of_one_study_share_their_frame_of_reference() -> None:
    pet, ct = pet_series(slices=1)[0], ct_series(slices=1)[0]
    assert pet.StudyInstanceUID == ct.StudyInstanceUID
    assert pet.FrameOfReferenceUID == ct.FrameOfReferenceUID
    assert pet.SeriesInstanceUID != ct.SeriesInstanceUID


def test_keywords_set_delete_and_vary_attributes() -> None:
    made = pet_series(Units="GML", PatientWeight=None, ImageComments=lambda index: f"slice {index}")
    assert {one.Units for one in made} == {"GML"}
    assert not any("PatientWeight" in one for one in made)
    assert [one.ImageComments for one in made] == [f"slice {index}" for index in range(6)]


def test_changes_to_the_tracer_are_made_in_its_item() -> None:
    (one,) = pet_series(slices=1, radiopharmaceutical={"RadionuclideTotalDose": None})
    (tracer,) = one.RadiopharmaceuticalInformationSequence
    assert "RadionuclideTotalDose" not in tracer
    assert tracer.Radiopharmaceutical == "Fluorodeoxyglucose"


def test_activity_is_kept_within_the_slope_of_its_slice() -> None:
    values = np.random.default_rng(0).uniform(0, [[[100]], [[20000]]], (2, 16, 12))
    for one, plane in zip(pet_series(slices=2, values=values), values, strict=True):
        stored = np.frombuffer(one.PixelData, "<i2").reshape(16, 12)
        np.testing.assert_allclose(stored * float(one.RescaleSlope), plane, atol=one.RescaleSlope)

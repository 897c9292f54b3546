"""A simulated whole-body study goes through the node's own reading: tracer, SUV, places."""

import json
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pydicom
import pytest

from algorithms.simulation.wholebody.study import simulate_fdg, simulate_psma
from dicom_node.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(
    scope="module", params=[(simulate_fdg, 12), (simulate_psma, 5)], ids=["fdg", "psma"]
)
def study(request, tmp_path_factory):
    make, seed = request.param
    return make(tmp_path_factory.mktemp("wholebody"), seed=seed)


@pytest.fixture(scope="module")
def truth(study):
    return json.loads(study.truth.read_text())


def test_explain_names_tracer_and_unit_of_the_pet(study, truth):
    tool = "import sys; from dicom_node.cli import main; sys.exit(main())"
    asked = [sys.executable, "-c", tool, "explain", str(study.truth.parent), "--json"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=120, cwd=ROOT)
    series = json.loads(said.stdout)["series"]
    pet = next(s for s in series if s["modality"] == "PT")
    assert truth["tracer"] in json.dumps(pet)
    assert "SUVbw" in json.dumps(pet)


def test_stored_values_times_the_factor_are_the_suv_of_the_liver(study, truth):
    found = [pydicom.dcmread(path) for path in study.pet]
    suv = np.stack([d.pixel_array * float(d.RescaleSlope) for d in found]) * truth["suvbw_factor"]
    assert suv.max() > 2 * truth["suvbw_of_organs"]["liver"]
    lesion = max(truth["lesions"], key=lambda one: one["volume_ml"], default=None)
    if lesion is not None and lesion["volume_ml"] > 1:
        first = found[0]
        x, y, _ = (float(v) for v in first.ImagePositionPatient)
        z = np.array([float(d.ImagePositionPatient[2]) for d in found])
        column, row = (
            round((c - o) / float(first.PixelSpacing[0]))
            for c, o in zip(lesion["centre_mm"][:2], (x, y), strict=True)
        )
        slice_ = int(np.abs(z - lesion["centre_mm"][2]).argmin())
        near = suv[slice_ - 3 : slice_ + 4, row - 3 : row + 4, column - 3 : column + 4]
        assert near.max() > 0.4 * lesion["suvbw"]


def test_pet_and_ct_share_patient_study_and_frame_of_reference(study):
    one, other = pydicom.dcmread(study.pet[0]), pydicom.dcmread(study.ct[0])
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "PatientSex"):
        assert one[keyword].value == other[keyword].value
    assert one.SeriesInstanceUID != other.SeriesInstanceUID


def test_negative_seed_is_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="fdg-wholebody"):
        simulate_fdg(tmp_path, seed=-1)


@pytest.mark.parametrize("name", ["fdg-wholebody", "psma-wholebody"])
def test_project_declares_the_simulation_for_the_command_line(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, function = project["entry-points"]["dicom_node.simulations"][name].split(":")
    assert callable(getattr(import_module(module), function))

"""The bundle of the package or of a site: found, checked, in the version, or refused by name."""

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
from lesion_bundles import write_threshold_bundle

from algorithms.fdg_lesions import SPEC
from algorithms.toolbox.lesion_net.specification import LesionPackage
from dicom_node.domain.algorithm import CONTOURS, InputSpec
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import ConfigError, WeightsError


@pytest.fixture
def copied(bundle, tmp_path):
    """A copy of the bundle, to be damaged."""
    return shutil.copytree(bundle, tmp_path / "copy")


def package(folder):
    """The algorithm as a package in another folder."""
    card = replace(SPEC.card, weights_sha256=None, version="1.0.0")
    return LesionPackage(
        card=card,
        inputs=SPEC.inputs,
        load_bundle=lambda card, folder: (card, folder),
        load_contoured=SPEC.load_contoured,
        folder=folder,
    )


def test_the_primary_input_is_an_fdg_pet_in_suv():
    assert SPEC.primary == InputSpec(
        role="pet", modalities=("PT",), unit=Unit.SUVBW, tracers=("FDG",)
    )
    assert CONTOURS not in [one.role for one in SPEC.inputs]
    assert not SPEC.inputs[1].required


def test_a_package_without_a_bundle_says_what_is_missing_and_takes_contours(tmp_path):
    spec = package(tmp_path).spec()
    assert "SHA256SUMS" in spec.lacks
    assert str(tmp_path / "bundle") in spec.lacks
    assert spec.load_contoured is not None
    with pytest.raises(WeightsError, match="SHA256SUMS"):
        spec.load()


def test_a_shipped_bundle_is_in_the_card_without_changing_the_version(bundle, tmp_path):
    shutil.copytree(bundle, tmp_path / "bundle")
    spec = package(tmp_path).spec()
    assert spec.lacks is None
    assert spec.card.version == "1.0.0"
    assert len(spec.card.weights_sha256) == 64
    assert spec.card.training_data == "Trained on simulated data."
    assert spec.load() == (spec.card, tmp_path / "bundle")


def test_a_bundle_of_the_site_is_part_of_the_version(spec):
    assert spec.card.version.endswith(f"+bundle.{spec.card.weights_sha256[:12]}")
    assert spec.card_contoured.weights_sha256 is None


@pytest.mark.parametrize("name", ["models/model.safetensors", "docs/README.md"])
def test_a_file_that_was_changed_is_refused_by_name(copied, name):
    with (copied / name).open("ab") as file:
        file.write(b"0")
    with pytest.raises(ConfigError, match=name):
        SPEC.with_options({"bundle": str(copied)})


def test_a_file_that_is_missing_is_refused_by_name(copied):
    (copied / "configs/metadata.json").unlink()
    with pytest.raises(ConfigError, match=r"metadata\.json.*missing"):
        SPEC.with_options({"bundle": str(copied)})


def test_the_network_of_another_algorithm_is_refused(tmp_path):
    other = write_threshold_bundle(tmp_path, name="psma-lesions", steps=1)
    with pytest.raises(ConfigError, match="another algorithm"):
        SPEC.with_options({"bundle": str(other)})


@pytest.mark.parametrize(
    "options", [{"bundle": "relative/folder"}, {"bundel": "/there"}, {"bundle": "/none/there"}]
)
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError, match="bundle"):
        SPEC.with_options(options)


def test_the_card_of_the_package_names_the_algorithm():
    assert SPEC.card.name == "fdg-lesions"
    assert "no diagnosis" in SPEC.card.summary


def test_the_specification_is_light():
    heavy = ("scipy", "SimpleITK", "matplotlib", "torch", "monai")
    told = (
        "import sys; from algorithms.fdg_lesions import SPEC; "
        f"sys.exit(', '.join(m for m in {heavy} if m in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr

"""SUV of published headers and series, where they lie beside the checkout."""

import csv
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_parts import item
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading import units
from dicom_node.reading.header import Header, read_header
from dicom_node.reading.uptake import uptake_time_min

IN_ISOTOPE = ("RadionuclideTotalDose", "RadionuclideHalfLife", "RadiopharmaceuticalStartTime")
REFERENCE_OBJECTS = ("DRO_0_0", "DRO_1_0", "DRO_2_0", "DRO_3_1", "DRO_4_1")
# Made by other software than the factor: GE scans of a sarcoma study, already SUV.
SARCOMA = ("STS_002", "STS_003", "STS_004", "STS_005", "STS_006", "STS_007")


def vendor_header(extract: dict[str, Any]) -> Header:
    """Header of one instance of the JSON extracts."""
    given = dict(extract)
    philips = given.pop("PhilipsPETPrivateGroup")
    isotope = {
        keyword: given.pop(keyword)
        for keyword in (*IN_ISOTOPE, "RadiopharmaceuticalStartDateTime")
        if keyword in given
    }
    made = item(**given, RadiopharmaceuticalInformationSequence=[item(**isotope)])
    names = {"SUVScaleFactor": 0x00, "ActivityConcentrationScaleFactor": 0x09}
    for name, element in names.items():
        if name in philips:
            block = made.private_block(0x7053, "Philips PET Private Group", create=True)
            block.add_new(element, "DS", philips[name].strip())
    return Header(made)


def test_all_vendor_headers_give_the_published_factor(shared_data: Path) -> None:
    folder = shared_data / "suv-vendor-headers"
    with (folder / "expected_suvbw_factor.csv").open() as file:
        expected = {
            row["case"]: float(row["suvbw_per_stored_unit"]) for row in csv.DictReader(file)
        }
    assert len(expected) == 8
    for case, factor in expected.items():
        extracts = json.loads((folder / f"{case}-instances.json").read_text())
        _, provenance = units.convert([vendor_header(one) for one in extracts], Unit.SUVBW)
        assert provenance.factors == pytest.approx((factor,) * len(provenance.factors), rel=1e-4), (
            case
        )


def pet_headers(folder: Path) -> list[Header]:
    """Headers of the PET instances of a folder, by position along z."""
    headers = [read_header(path) for path in sorted(folder.glob("*.dcm"))]
    return sorted(headers, key=lambda one: one.numbers("ImagePositionPatient")[2])  # type: ignore[index]


def suv_values(headers: list[Header]) -> tuple[NDArray[np.float64], float]:
    """SUVbw of all voxels (slices, rows, columns), and the largest step of one stored unit."""
    _, provenance = units.convert(headers, Unit.SUVBW)
    factors = provenance.factors * (len(headers) if len(provenance.factors) == 1 else 1)
    scales = [one.need_number("RescaleSlope") * f for one, f in zip(headers, factors, strict=True)]
    planes = [h.dataset.pixel_array * scale for h, scale in zip(headers, scales, strict=True)]
    return np.stack(planes), max(scales)


@pytest.mark.parametrize("name", REFERENCE_OBJECTS)
def test_reference_objects_have_the_published_suv_in_their_mask(
    shared_data: Path, name: str
) -> None:
    folder = shared_data / "suv-reference-objects" / name
    nibabel = pytest.importorskip("nibabel")
    values, step = suv_values(pet_headers(folder / "PT"))
    mask = np.asanyarray(nibabel.load(folder / "mask" / "DRO_mask.nii.gz").dataobj) > 0
    inside = values[
        mask.transpose(2, 1, 0)
    ]  # NIfTI is (x, y, z); both grids run to left, back, head
    for value, truth in ((inside.min(), 0.2), (np.median(inside), 1.0), (inside.max(), 4.0)):
        assert f"{value:.2f}" == f"{truth:.2f}"
        assert abs(value - truth) <= max(1e-4 * truth, step)


def test_ge_pet_has_the_factor_of_its_own_value_maps(shared_data: Path) -> None:
    headers = pet_headers(shared_data / "petct-fdg-ge" / "PT_PET_AC_61081015")
    assert len(headers) == 135
    _, provenance = units.convert(headers, Unit.SUVBW)
    assert provenance.factors == pytest.approx((4.2111e-4,), rel=1e-4)
    assert uptake_time_min(headers) == pytest.approx(158.8, abs=0.05)


def test_ge_pet_without_attenuation_correction_is_no_suv_but_keeps_its_unit(
    shared_data: Path,
) -> None:
    headers = pet_headers(shared_data / "petct-fdg-ge" / "PT_PET_NAC_10462754")
    assert units.own_unit(headers) is Unit.PROPORTIONAL_TO_COUNTS
    with pytest.raises(NotCalibrated, match="PROPCNTS"):
        units.convert(headers, Unit.SUVBW)


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("flt.dcm", 69734.4 / (178340011.59668 * 2 ** (-3976.921 / 6586.2))),
        ("ge_discovery_st_jpeg_lossless.dcm", 90_000 / (474592928 * 2 ** (-5316 / 6588))),
        ("siemens_mct_fdg.dcm", 82_000 / (290e6 * 2 ** (-4338 / 6586.2))),
    ],
)
def test_single_slices_have_the_factor_of_plain_arithmetic(
    shared_data: Path, name: str, factor: float
) -> None:
    _, provenance = units.convert([read_header(shared_data / "single-slices" / name)], Unit.SUVBW)
    assert provenance.factors == pytest.approx((factor,), rel=1e-9)


@pytest.mark.parametrize("name", SARCOMA)
def test_a_series_that_is_suv_already_is_not_scaled_twice(shared_data: Path, name: str) -> None:
    headers = pet_headers(shared_data / "sarcoma-fdg" / name / "PET" / "image")
    unit, provenance = units.convert(headers, Unit.SUVBW)
    assert (unit, provenance.factors) == (Unit.SUVBW, (1.0,))


def test_a_phantom_without_header_is_refused_suv_by_name(shared_data: Path) -> None:
    headers = pet_headers(shared_data / "nema-iq" / "pet_recon_1")
    assert len(headers) == 89
    with pytest.raises(NotCalibrated, match=r"Units \(0054,1001\) is absent"):
        units.convert(headers, Unit.SUVBW)
    assert units.convert(headers, None)[0] is Unit.ARBITRARY  # spheres still have ratios


def test_a_stripped_brain_pet_is_refused_suv_by_name(shared_data: Path) -> None:
    archive = shared_data / "brain" / "brainweb-fdg" / "brainweb_06_pet_dicom.tar.xz"
    with tarfile.open(archive) as tar:
        member = next(one for one in tar if one.isfile() and one.name.endswith(".dcm"))
        stored = tar.extractfile(member)
        assert stored is not None
        header = Header(_dataset(stored.read()))
    with pytest.raises(NotCalibrated, match=r"Units \(0054,1001\) is absent"):
        units.convert([header], Unit.SUVBW)


def _dataset(stored: bytes) -> Dataset:
    from pydicom import dcmread

    return dcmread(io.BytesIO(stored), force=True, stop_before_pixels=True)

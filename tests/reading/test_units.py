"""Units of stored values of single-frame images, and conversion between them."""

from pathlib import Path
from typing import Any

import pytest
from dicom_parts import code, item
from factories import ct_series, pet_series, write_series
from pydicom import Dataset

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading import units
from dicom_node.reading.header import Header, read_header

SMALL = {"rows": 2, "columns": 2, "slices": 3}
# 75 kg and 370 MBq at 09:00, reference time 10:00.
JANMA_KG = 9270 * 75 / (6680 + 216 * 75 / 1.75**2)
AN_HOUR = 75_000 / (370e6 * 2 ** (-3600 / 6586.2))


def pet(**attributes: Any) -> list[Header]:
    return [Header(one) for one in pet_series(**SMALL, **attributes)]


def value_map(unit: str, slope: float = 0.5, intercept: float = 0.0) -> Dataset:
    return item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=intercept,
        MeasurementUnitsCodeSequence=[code(unit, "UCUM", unit)],
    )


@pytest.mark.parametrize(
    ("stored", "suv_type", "unit"),
    [
        ("BQML", None, Unit.BQML),
        ("CNTS", None, Unit.COUNTS),
        ("CPS", None, Unit.COUNTS_PER_SECOND),
        ("PROPCNTS", None, Unit.PROPORTIONAL_TO_COUNTS),
        ("PROPCPS", None, Unit.PROPORTIONAL_TO_COUNTS_PER_SECOND),
        ("NONE", None, Unit.UNITLESS),
        ("GML", None, Unit.SUVBW),
        ("GML", "BW", Unit.SUVBW),
        ("GML", "LBM", Unit.SUVLBM),
        ("GML", "LBMJAMES128", Unit.SUVLBM_JAMES128),
        ("GML", "LBMJANMA", Unit.SUVLBM_JANMA),
        ("GML", "IBW", Unit.SUVIBW),
        ("CM2ML", None, Unit.SUVBSA),
        ("CM2ML", "BSA", Unit.SUVBSA),
    ],
)
def test_own_unit_of_pet_is_that_of_units_and_suv_type(
    stored: str, suv_type: str | None, unit: Unit
) -> None:
    headers = pet(Units=stored, SUVType=suv_type)
    assert units.own_unit(headers) is unit
    got, provenance = units.convert(headers, None)
    assert (got, provenance.factors) == (unit, ())
    assert provenance.stored_unit.startswith(stored)


@pytest.mark.parametrize("stored", ["1CM", "MLML", "UMOLML", "STDDEV"])
def test_a_unit_that_this_node_does_not_know_is_refused_by_what_came(stored: str) -> None:
    with pytest.raises(NotCalibrated, match=rf"Units \(0054,1001\) is .*{stored}"):
        units.own_unit(pet(Units=stored))


def test_ct_is_in_hounsfield_units_unless_it_says_otherwise() -> None:
    headers = [Header(one) for one in ct_series(**SMALL)]
    assert units.own_unit(headers) is Unit.HOUNSFIELD
    assert units.convert(headers, Unit.HOUNSFIELD)[1].factors == (1.0,)
    other = [Header(one) for one in ct_series(**SMALL, RescaleType="HU_MOD")]
    with pytest.raises(NotCalibrated, match=r"RescaleType.*HU_MOD"):
        units.own_unit(other)
    with pytest.raises(NotCalibrated, match="cannot be had"):
        units.convert(headers, Unit.SUVBW)


@pytest.mark.parametrize("modality", ["PT", "MR"])
def test_without_a_unit_only_ratios_are_left_and_suv_is_refused(modality: str) -> None:
    headers = pet(Modality=modality, Units=None)
    unit, provenance = units.convert(headers, None)
    assert unit is Unit.ARBITRARY
    assert "only ratios" in provenance.warnings[0]
    for wanted in (Unit.SUVBW, Unit.SUVBSA):
        with pytest.raises(NotCalibrated, match=r"Units \(0054,1001\) is absent"):
            units.convert(headers, wanted)
    with pytest.raises(NotCalibrated, match="cannot become"):
        units.convert(headers, Unit.BQML)


def test_another_modality_has_no_unit_here() -> None:
    with pytest.raises(NotCalibrated, match=r"Modality.*DX"):
        units.own_unit(pet(Modality="DX", Units=None))


@pytest.mark.parametrize(
    ("wanted", "ratio"),
    [
        (Unit.SUVBW, 1.0),
        (Unit.SUVLBM, 60.459 / 75),
        (Unit.SUVLBM_JAMES128, 58.990 / 75),
        (Unit.SUVLBM_JANMA, JANMA_KG / 75),
        (Unit.SUVIBW, 72.38 / 75),
        (Unit.SUVBSA, 19_031 / 75_000),
    ],
)
def test_activity_becomes_suv_of_every_kind(wanted: Unit, ratio: float) -> None:
    unit, provenance = units.convert(pet(), wanted)
    assert unit is wanted
    assert provenance.factors == pytest.approx((AN_HOUR * ratio,), rel=2e-5)


@pytest.mark.parametrize("suv_type", ["LBM", "LBMJAMES128", "LBMJANMA", "IBW"])
def test_an_suv_of_one_kind_comes_back_to_itself_by_way_of_body_weight(suv_type: str) -> None:
    headers = pet(Units="GML", SUVType=suv_type)
    own = units.own_unit(headers)
    assert units.convert(headers, own)[1].factors == (1.0,)
    to_weight = units.convert(headers, Unit.SUVBW)[1].factors[0]
    from_weight = units.convert(pet(Units="GML"), own)[1].factors[0]
    assert to_weight * from_weight == pytest.approx(1, rel=1e-12)


def test_suv_without_dose_or_times_is_enough_for_another_suv() -> None:
    headers = pet(Units="GML", RadiopharmaceuticalInformationSequence=None, SeriesTime=None)
    factor = units.convert(headers, Unit.SUVLBM_JANMA)[1].factors[0]
    assert factor == pytest.approx(JANMA_KG / 75)


def test_activity_cannot_be_had_from_suv_or_counts_without_factor() -> None:
    for stored in ("GML", "CPS", "CNTS"):
        with pytest.raises(NotCalibrated, match=r"cannot become|Philips"):
            units.convert(pet(Units=stored), Unit.BQML)


def test_philips_counts_become_activity_by_their_factor() -> None:
    headers = pet(Units="CNTS")
    for one in headers:
        block = one.dataset.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x09, "DS", "1.25")
    unit, provenance = units.convert(headers, Unit.BQML)
    assert (unit, provenance.factors) == (Unit.BQML, (1.25,))


def test_a_value_map_in_a_single_frame_pet_scales_nothing() -> None:
    headers = pet(RealWorldValueMappingSequence=[value_map("g/ml{SUVbw}", 4e-4)])
    assert units.own_unit(headers) is Unit.BQML
    assert units.convert(headers, Unit.SUVBW)[1].factors == pytest.approx((AN_HOUR,))
    unmapped = pet(Units=None, RealWorldValueMappingSequence=[value_map("Bq/ml")])
    assert units.own_unit(unmapped) is Unit.ARBITRARY


def test_files_give_the_same_as_data_sets(tmp_path: Path) -> None:
    datasets = pet_series(**SMALL, SeriesTime="130000", AcquisitionTime="102800")
    for one in datasets:
        one.private_block(0x0009, "GEMS_IDEN_01", create=True).add_new(0x01, "LO", "X")
        block = one.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", "20240305100000.00")
    made = units.convert([Header(one) for one in datasets], Unit.SUVBW)
    read = units.convert([read_header(one) for one in write_series(datasets, tmp_path)], Unit.SUVBW)
    assert made == read
    assert read[1].factors == pytest.approx((AN_HOUR,))
    assert "GEMS_PETD_01" in read[1].rule


def test_factors_of_philips_are_read_from_files_without_creator(tmp_path: Path) -> None:
    for maker in ("PHILIPS", "SIEMENS"):
        datasets = pet_series(**SMALL, Units="CNTS", Manufacturer=maker)
        for one in datasets:
            one.add_new((0x7053, 0x1000), "DS", "0.002")
        headers = [read_header(path) for path in write_series(datasets, tmp_path / maker)]
        if maker == "PHILIPS":
            assert units.convert(headers, Unit.SUVBW)[1].factors == (0.002,)
        else:
            with pytest.raises(NotCalibrated, match="Philips"):
                units.convert(headers, Unit.SUVBW)

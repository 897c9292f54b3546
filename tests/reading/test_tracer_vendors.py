"""The same seven headers in the dialect of each vendor: code, text, conflicts, and nothing."""

from dataclasses import dataclass

import pytest
from tracer_headers import Row, clash, found, hold, pet

from dicom_node.reading.tracer import find_tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a vendor writes F-18 FDG."""

    vendor: str
    scheme: str
    fdg: str
    drug: str
    half_life_s: float


DIALECTS = (
    Dialect(
        vendor="SIEMENS",
        scheme="SRT",
        fdg="C-B1031",
        drug="Fluorodeoxyglucose",
        half_life_s=6586.2,
    ),
    Dialect(
        vendor="GE MEDICAL SYSTEMS",
        scheme="99SDM",
        fdg="Y-X1743",
        drug="FDG -- fluorodeoxyglucose",
        half_life_s=6588.0,
    ),
    Dialect(
        vendor="Philips Medical Systems",
        scheme="SNM3",
        fdg="C-B1031",
        drug="Fluorodeoxyglucose F^18^",
        half_life_s=6588.0,
    ),
    Dialect(vendor="UIH", scheme="SRT", fdg="C-B1031", drug="F18-FDG", half_life_s=6586.0),
)
FOREIGN_S = 4062.6  # Ga-68


def variants(one: Dialect) -> tuple[Row, ...]:
    nuclide, code = ("C-111A1", one.scheme), (one.fdg, one.scheme)
    maker, own = {"Manufacturer": one.vendor}, f"{one.half_life_s:.10g} s"
    return (
        found(
            f"{one.vendor}: code only",
            "FDG",
            pet(code=code, nuclide=nuclide, half_life=one.half_life_s, **maker),
            f"{one.fdg} {one.scheme}",
        ),
        found(
            f"{one.vendor}: text only",
            "FDG",
            pet(one.drug, half_life=one.half_life_s, **maker),
            repr(one.drug),
            own,
        ),
        clash(
            f"{one.vendor}: wrong text",
            pet("PSMA-1007", code=code, nuclide=nuclide, half_life=one.half_life_s, **maker),
            one.fdg,
            "PSMA-1007",
        ),
        clash(
            f"{one.vendor}: text of another nuclide",
            pet("68Ga-DOTATATE", nuclide=nuclide, half_life=one.half_life_s, **maker),
            "68Ga-DOTATATE",
            f"C-111A1 {one.scheme}",
        ),
        clash(
            f"{one.vendor}: half-life of another nuclide",
            pet(one.drug, code=code, nuclide=nuclide, half_life=FOREIGN_S, **maker),
            f"C-111A1 {one.scheme}",
            "4062.6 s",
        ),
        clash(
            f"{one.vendor}: text against half-life",
            pet(one.drug, half_life=FOREIGN_S, **maker),
            repr(one.drug),
            "4062.6 s",
        ),
        hold(
            f"{one.vendor}: nothing but the nuclide",
            pet("", nuclide=nuclide, half_life=one.half_life_s, **maker),
            "nuclide F-18",
            own,
        ),
    )


@pytest.mark.parametrize("row", [row for one in DIALECTS for row in variants(one)], ids=str)
def test_every_vendor_ends_in_the_right_tracer_or_in_a_hold(row: Row) -> None:
    finding = find_tracer(row.header)
    assert finding.tracer == row.tracer
    assert (finding.conflict is not None) is row.conflict
    for words in row.said:
        assert words in (finding.conflict or finding.evidence)

"""Whatever a header holds, a conversion refuses it by name or gives a positive factor."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from suv_series import LATE, PHILIPS, private, suv_series

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import InputRejected
from dicom_node.reading import units
from dicom_node.reading.uptake import uptake_time_min

TEXTS = st.one_of(
    st.sampled_from(["", "0", "-1", "nan", "inf", "1e300", "20250101", "999999", "00010101"]),
    st.text("0123456789.:+-eE ", max_size=26),
)
OF_IMAGE = (
    *("PatientWeight", "PatientSize", "PatientSex", "Manufacturer", "TimezoneOffsetFromUTC"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "FrameReferenceTime"),
    *("ActualFrameDuration", "DecayFactor", "DecayCorrection", "CorrectedImage"),
    *("Units", "SUVType", "RescaleIntercept"),
)
OF_ISOTOPE = (
    *("RadionuclideTotalDose", "RadionuclideHalfLife"),
    *("RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime"),
)
UNITS = st.sampled_from(["BQML", "GML", "CNTS"])
CORRECTIONS = st.sampled_from(["START", "NONE"])
WANTED = st.sampled_from([Unit.SUVBW, Unit.SUVLBM_JANMA, Unit.SUVBSA])


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(deadline=None)
@given(
    attributes=st.dictionaries(st.sampled_from(OF_IMAGE), TEXTS, max_size=3),
    isotope=st.dictionaries(st.sampled_from(OF_ISOTOPE), TEXTS, max_size=2),
    unit=UNITS,
    correction=CORRECTIONS,
    late=st.booleans(),
    wanted=WANTED,
)
def test_any_nonsense_is_refused_or_gives_a_positive_factor(
    *,
    attributes: dict[str, str],
    isotope: dict[str, str],
    unit: str,
    correction: str,
    late: bool,
    wanted: Unit,
) -> None:
    facts = {"Units": unit, "DecayCorrection": correction, **(LATE if late else {}), **attributes}
    header = suv_series(private(0x7053, PHILIPS, 0x09, "DS", "1.5"), slices=1)[0]
    for keyword, text in facts.items():
        _put_raw(header.dataset, keyword, text)
    for keyword, text in isotope.items():
        _put_raw(header.dataset.RadiopharmaceuticalInformationSequence[0], keyword, text)
    uptake_time_min([header])  # never an error
    try:
        factors = units.convert([header], wanted)[1].factors
    except InputRejected:
        return
    assert all(0 < factor < float("inf") for factor in factors)


def _put_raw(dataset: Dataset, keyword: str, text: str) -> None:
    """Set a value as a file may hold it, valid or not."""
    tag = Tag(keyword)
    vr = dictionary_VR(tag)
    raw = text.encode()
    dataset[tag] = RawDataElement(tag, vr, len(raw), raw, 0, False, True)

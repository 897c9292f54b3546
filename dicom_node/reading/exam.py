"""What kind of examination a series is, and how its images were made."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pydicom.datadict import tag_for_keyword
from pydicom.uid import (
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameSingleBitSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)

from dicom_node.domain.series import Exam, ExamKind
from dicom_node.reading.converted import converted_texts
from dicom_node.reading.exam_target import find_target
from dicom_node.reading.header import Header
from dicom_node.reading.radionuclides import canonical_scheme

# A picture of an image, whatever modality it gives.
_SECONDARY_CAPTURES = frozenset(
    {
        SecondaryCaptureImageStorage,
        MultiFrameSingleBitSecondaryCaptureImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        MultiFrameTrueColorSecondaryCaptureImageStorage,
    }
)

# Image Type (0008,0008), values 3 and on: CT C.8.2.1.1.1, enhanced C.8.16.1.3 and C.8.16.1.4, and
# what vendors write for rendered projections.
_PROJECTIONS = frozenset(
    {"LOCALIZER", "SCOUT", "TOPOGRAM", "MIP", "MAX_IP", "MIN_IP", "PROJECTION IMAGE"}
)
_REPROJECTION = "REPROJECTION"  # Series Type (0054,1000) value 2, PS3.3 C.8.9.1.1.4

# PS3.3 C.8.4.9.1.1. A planar view over time or heart beats is no volume, either, so DYNAMIC and
# GATED of NM are planar here; routes that want them ask for the Image Type.
_NM_KINDS: Mapping[str, ExamKind] = MappingProxyType(
    {
        "STATIC": ExamKind.PLANAR,
        "WHOLE BODY": ExamKind.PLANAR,
        "DYNAMIC": ExamKind.PLANAR,
        "GATED": ExamKind.PLANAR,
        "TOMO": ExamKind.PROJECTION,
        "GATED TOMO": ExamKind.PROJECTION,
        "RECON TOMO": ExamKind.STATIC,
        "RECON GATED TOMO": ExamKind.GATED,
    }
)

# Series Type value 1 of PET (PS3.3 C.8.9.1.1.4); value 3 of the Image Type of enhanced objects
# (C.8.16.1.3), whose underscores are read as spaces.
_PET_KINDS: Mapping[str, ExamKind] = MappingProxyType(
    {
        "STATIC": ExamKind.STATIC,
        "WHOLE BODY": ExamKind.WHOLE_BODY,
        "DYNAMIC": ExamKind.DYNAMIC,
        "GATED": ExamKind.GATED,
        "CARDIAC GATED": ExamKind.GATED,
        "RESP GATED": ExamKind.GATED,
        "CARDRESP GATED": ExamKind.GATED,
    }
)

_TIME_POINTERS = frozenset(
    tag_for_keyword(keyword) for keyword in ("TemporalPositionIndex", "TemporalPositionTimeOffset")
)

# Image Type values that say "made from other reconstructed images".
_REWORKED = frozenset(
    {"REFORMATTED", "MPR", "FUSED", "FUSION", "RESAMPLED", "SUBTRACTION", "MEAN", "ADDITION"}
)

# CID 3101 for the patient's state of TID 3470, with the SNOMED RT codes that SCT replaced. DCM has
# a Cardiac Stress State of its own, 109091 (CID 3102), and 109095 is Peak stress state. 109092 to
# 109094 of CID 3101 are reinjection and redistribution: neither rest nor stress.
_STRESS_CODES = frozenset(
    {("432655005", "SCT"), ("F-05019", "SRT"), ("109091", "DCM"), ("109095", "DCM")}
)
_REST_CODES = frozenset({("128975004", "SCT"), ("F-01604", "SRT")})
_OTHER_STATES = frozenset({("109092", "DCM"), ("109093", "DCM"), ("109094", "DCM")})

_STRESS = re.compile(
    r"(?<![a-z])(?:stress|str|ex(?!\W*vivo)|exercise|adenosine?|rega|regadenoson"
    # not the adenocarcinoma
    r"|adeno(?!\W*(?:ca|k|carcinom[a-z]*|tumou?r)(?![a-z])))(?![a-z])",
    re.IGNORECASE,
)
_REST = re.compile(r"(?<![a-z])(?:rest(?!\W*of(?![a-z]))|resting|rst)(?![a-z])", re.IGNORECASE)
_PHASE_TEXTS = (
    "SeriesDescription",
    "ProtocolName",
    "PerformedProcedureStepDescription",
    "StudyDescription",
    "RequestedProcedureDescription",
)

_UNCORRECTED = re.compile(
    r"(?<![a-z])(?:nac|un[\W_]*corr(?:ected)?"
    r"|(?:non?|not|w/?o|without)[\W_]*(?:ac|att[a-z]*|corr[a-z]*)(?:[\W_]*corr[a-z]*)?)(?![a-z])",
    re.IGNORECASE,
)
_MIP = re.compile(r"(?<![a-z])mips?(?![a-z])", re.IGNORECASE)
_SCOUT = re.compile(
    r"(?<![a-z])(?:scout|topogram|scanogram|surview|locali[sz]er)(?![a-z])", re.IGNORECASE
)


def find_exam(header: Header) -> Exam:
    """Kind, attenuation correction, originality, phase and body part of one instance.

    Every field but the kind is None where the header does not say; the kind is OTHER there.
    """
    image_type = tuple(one.upper() for one in header.texts("ImageType"))
    return Exam(
        kind=_kind(header, image_type),
        attenuation_corrected=_attenuation_corrected(header),
        original=_original(header, image_type),
        phase=_phase(header, image_type),
        body_part=header.text("BodyPartExamined"),
        target=find_target(header),
    )


def _kind(header: Header, image_type: Sequence[str]) -> ExamKind:
    modality = header.text("Modality")
    if header.text("SOPClassUID") in _SECONDARY_CAPTURES or _is_transmission(header, image_type):
        return ExamKind.OTHER
    if _is_projection(header, image_type):
        return ExamKind.PROJECTION
    if modality == "NM":
        return _known(_NM_KINDS, image_type[2:])
    if modality == "PT":
        return _pet_kind(header, image_type)
    return ExamKind.STATIC if modality == "CT" and image_type else ExamKind.OTHER


def _pet_kind(header: Header, image_type: Sequence[str]) -> ExamKind:
    series_type = converted_texts(header, "SeriesType")[:1]
    if not series_type and "VOLUME" in image_type[2:3]:
        return ExamKind.DYNAMIC if _has_time_dimension(header) else ExamKind.STATIC
    # Enhanced objects have no Series Type, and stripped files may keep the word alone.
    return _known(_PET_KINDS, series_type or image_type)


def _has_time_dimension(header: Header) -> bool:
    """Whether a multi-frame object is indexed by time (PS3.3 C.7.6.17)."""
    pointers = (
        one.value("DimensionIndexPointer") for one in header.items("DimensionIndexSequence")
    )
    return any(pointer in _TIME_POINTERS for pointer in pointers)


def _is_transmission(header: Header, image_type: Sequence[str]) -> bool:
    """Whether the image is a transmission scan or an attenuation map: no tracer to be seen."""
    return (
        "TRANSMISSION" in converted_texts(header, "CountsSource")
        or "TRANSMISSION" in image_type[3:]
    )


def _is_projection(header: Header, image_type: Sequence[str]) -> bool:
    if not _PROJECTIONS.isdisjoint(image_type[2:]):
        return True
    if converted_texts(header, "SeriesType")[1:2] == (_REPROJECTION,):
        return True
    description = " ".join(header.texts("SeriesDescription"))
    if header.text("Modality") == "CT" and "AXIAL" not in image_type and _SCOUT.search(description):
        return True
    return _MIP.search(description) is not None


def _known(kinds: Mapping[str, ExamKind], values: Sequence[str]) -> ExamKind:
    spelled = (value.upper().replace("_", " ") for value in values)
    return next((kinds[value] for value in spelled if value in kinds), ExamKind.OTHER)


def _attenuation_corrected(header: Header) -> bool | None:
    """Whether attenuation was corrected, by the attribute that says it most directly.

    1. Attenuation Corrected (0018,9759) of enhanced PET (PS3.3 C.8.22).
    2. Attenuation Correction Method (0054,1101) beginning with NONE: no.
    3. Corrected Image (0028,0051): whether ATTN is among its values. One exception: GE writes ATTN
       into its uncorrected series, too, but no method; there a description that says NAC decides.
    4. Attenuation Correction Method naming a method: yes.
    5. A description that says NAC: no.
    """
    flag = header.text("AttenuationCorrected")
    if flag in ("YES", "NO"):
        return flag == "YES"
    method = " ".join(converted_texts(header, "AttenuationCorrectionMethod")).strip(" ,").upper()
    if method.startswith("NONE"):
        return False
    said_uncorrected = _UNCORRECTED.search(" ".join(header.texts("SeriesDescription"))) is not None
    corrections = [one.upper() for one in converted_texts(header, "CorrectedImage")]
    if any(corrections):
        return "ATTN" in corrections and (bool(method) or not said_uncorrected)
    if method:
        return True
    return False if said_uncorrected else None


def _original(header: Header, image_type: Sequence[str]) -> bool | None:
    """Whether the images come from the acquisition, not from other reconstructed images.

    Image Type values 1 and 2 (PS3.3 C.7.6.1.1.2). A reconstructed tomogram of NM is DERIVED by
    definition, from its projections (C.8.4.9.1.1): with PRIMARY it counts as original. ORIGINAL
    with SECONDARY, and values that the standard does not have, are no answer.
    """
    if header.text("SOPClassUID") in _SECONDARY_CAPTURES:
        return False
    pixels, exam = (*image_type, "", "")[:2]
    if (pixels, exam) == ("DERIVED", "SECONDARY"):
        return False
    if not _REWORKED.isdisjoint(image_type[2:]):
        return False
    if (pixels, exam) == ("ORIGINAL", "PRIMARY"):
        return True
    if (pixels, exam) == ("DERIVED", "PRIMARY"):
        return header.text("Modality") == "NM" and "RECON" in " ".join(image_type[2:3])
    return None


def _phase(header: Header, image_type: Sequence[str]) -> str | None:
    """``rest`` or ``stress``: by code, by enhanced Image Type, then by words of PET and NM series.

    A text that says both ("Rest/Stress") says nothing of this series; the next is asked.
    """
    states = _coded_states(header)
    if states:
        return _one_of(not states.isdisjoint(_STRESS_CODES), not states.isdisjoint(_REST_CODES))
    typed = _one_of("STRESS" in image_type[2:], "REST" in image_type[2:])
    if typed is not None or header.text("Modality") not in ("PT", "NM"):
        return typed
    for keyword in _PHASE_TEXTS:
        text = " ".join(header.texts(keyword)).replace("_", " ")
        found = _one_of(_STRESS.search(text) is not None, _REST.search(text) is not None)
        if found is not None:
            return found
    return None


def _coded_states(header: Header) -> frozenset[tuple[str, str]]:
    """Codes of the patient's state in the acquisition context (TID 3470)."""
    values = (
        (code.text("CodeValue") or "", canonical_scheme(code.text("CodingSchemeDesignator") or ""))
        for item in header.items("AcquisitionContextSequence")
        for code in item.items("ConceptCodeSequence")
    )
    return frozenset(values) & (_STRESS_CODES | _REST_CODES | _OTHER_STATES)


def _one_of(stress: bool, rest: bool) -> str | None:
    if stress == rest:
        return None
    return "stress" if stress else "rest"

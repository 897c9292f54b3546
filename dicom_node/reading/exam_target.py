"""What was looked at, where one tracer serves several examinations (sestamibi, thallium)."""

import re

from dicom_node.reading.header import Header

# In this order: "parathyroid" is said of a scan of neck and chest that may name the heart, too.
_TARGETS = (
    ("parathyroid", re.compile(r"para[\W_]*thyr|epithelk|hyperparathyr", re.IGNORECASE)),
    (
        "breast",
        re.compile(r"(?<![a-z])(?:breast|mamm[a-z]*|scinti\W*mammo[a-z]*)(?![a-z])", re.IGNORECASE),
    ),
    (
        "heart",
        re.compile(
            r"(?<![a-z])(?:heart|cardiac|cardio(?!lite)[a-z]*|myo[\W_]*card[a-z]*"
            r"|mp[is]|myocard[a-z]*|gspect|gated\W*spect)(?![a-z])",
            re.IGNORECASE,
        ),
    ),
)
_TEXTS = (
    "BodyPartExamined",
    "SeriesDescription",
    "ProtocolName",
    "PerformedProcedureStepDescription",
    "StudyDescription",
    "RequestedProcedureDescription",
)


def find_target(header: Header) -> str | None:
    """The first target that a text names, texts nearest to the series first; None for none."""
    for keyword in _TEXTS:
        text = " ".join(header.texts(keyword)).replace("_", " ")
        for name, words in _TARGETS:
            if words.search(text):
                return name
    return None

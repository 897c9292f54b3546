"""What a conversion of units used and noticed, collected while it is made."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading.header import Header, named


@dataclass(frozen=True, slots=True)
class Record:
    """Values and warnings on their way to a `UnitProvenance`.

    Parameters
    ----------
    values : dict
        DICOM keyword, or a name in plain words for what was computed, to the value used.
    warnings : list of str
        Sentences, each once.
    """

    values: dict[str, str | float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def note(self, name: str, value: str | float) -> None:
        """Keep a value that was used."""
        self.values[name] = value

    def warn(self, sentence: str) -> None:
        """Keep a warning, once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)


def common(values: Iterable[str | None], name: str) -> str | None:
    """The one value that all slices have; None where none has any.

    Two spellings of one number are one value.

    Raises
    ------
    NotCalibrated
        Where slices differ, or some lack the value: no volume has two units, weights or doses.
    """
    found = list(dict.fromkeys(values))
    if len(found) > 1 and len({_meaning(one) for one in found}) > 1:
        shown = ", ".join("absent" if one is None else one for one in found[:3])
        raise NotCalibrated("it must be the same in all slices", keyword=name, value=shown)
    return found[0] if found else None


def _meaning(text: str | None) -> str | float | None:
    """Number where the text is one, so that 70 and 70.0 agree."""
    try:
        return text if text is None else float(text)
    except ValueError:
        return text


def common_text(frames: Iterable[Header], keyword: str) -> str | None:
    """`common` of an attribute of the slices."""
    return common((frame.text(keyword) for frame in frames), named(keyword))

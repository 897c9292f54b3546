"""Which tracers and nuclides a line of free text names."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from dicom_node.reading.radionuclides import RADIONUCLIDES
from dicom_node.reading.tracer_entry import WordUse
from dicom_node.reading.tracer_table import ENTRIES, RADIONUCLIDES_OF

_SEPARATORS = r"[\s_\-\[\](){}^,./+]{0,3}"
# Without a space: "F 18 y" is a patient and "in 111" is English.
_TIGHT_SEPARATORS = r"[_\-\[\](){}^]{0,3}"

# A tracer's word may stick to its nuclide ("68GaPSMA", "99mTcMIBI"); any other letter before or
# after it makes another word ("FETAL", "metastasis").
_STUCK_NUCLIDE = (
    r"(?:(?:\d{2,3}m?(?:f|c|n|o|i|y|ga|cu|zr|tc|tl|in|lu|rb)|tc-?99m|99m|tc|ga|lu)"
    r"[\s_\-\])^]{0,2})??"
)

_ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "F": "fluorine?",
        "C": "carbon",
        "N": "nitrogen",
        "O": "oxygen",
        "Ga": "gallium",
        "Ge": "germanium",
        "Rb": "rubidium",
        "Cu": "copper",
        "Zr": "zirconium",
        "I": "iodine",
        "Y": "yttrium",
        "Tc": "technetium",
        "Tl": "thallium",
        "In": "indium",
        "Lu": "lutetium",
        "Xe": "xenon",
        "Kr": "krypton",
        "Sm": "samarium",
        "Ra": "radium",
    }
)

# What may follow a nuclide without a space: beginnings of tracer names.
_STUCK_TRACER = (
    "fdg|dg|fet|flt|fes|fdopa|dopa|naf|psma|dota|tate|fapi|mibi|mibg|met|pib|chol|"
    "mdp|hdp|hmdp|dpd|pyp|hmpao|ecd|maa|tetro|sesta|trodat|ioflu"
)


@dataclass(frozen=True, slots=True)
class Naming:
    """A word that names one tracer, or any of a family.

    Parameters
    ----------
    tracers : frozenset of str
        Keys of the tracers that the word may mean.
    word : str
        As it stands in the text, in lower case.
    """

    tracers: frozenset[str]
    word: str
    use: WordUse


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words of one text come to, given the nuclide.

    Parameters
    ----------
    candidates : frozenset of str
        Tracers that the text may mean; empty where it names none that fits.
    several : bool
        Whether it names more than one tracer side by side.
    misfits : frozenset of str
        Tracers that it names though they are not made with the nuclide.
    words : str
        The words that led to it.
    """

    candidates: frozenset[str]
    several: bool
    misfits: frozenset[str]
    words: str


def _words() -> Mapping[str, tuple[WordUse, frozenset[str]]]:
    """Pattern to what it proves and whom it names, longest pattern first."""
    use_of: dict[str, WordUse] = {}
    named: defaultdict[str, set[str]] = defaultdict(set)
    for entry in ENTRIES:
        for use, patterns in (
            (WordUse.CLEAR, entry.clear),
            (WordUse.SHORT, entry.short),
            (WordUse.DRUG_FIELD, entry.drug_field),
        ):
            for pattern in patterns:
                use_of[pattern] = use
                named[pattern].add(entry.name)
    ordered = sorted(use_of, key=len, reverse=True)
    return MappingProxyType({one: (use_of[one], frozenset(named[one])) for one in ordered})


def _expanded(pattern: str) -> str:
    # A number must end where it ends: AV-45 is not AV-451.
    end = r"(?![a-z0-9])" if pattern[-1].isdigit() else r"(?![a-z])"
    return pattern.replace("~", _SEPARATORS) + end


def _nuclide_alternative(name: str, nuclide: str) -> str:
    symbol, mass = nuclide.split("-")
    # "in" and single letters are words or initials, so no space may part them from the number.
    gap = _TIGHT_SEPARATORS if len(symbol) == 1 or symbol == "In" else _SEPARATORS
    number = f"{mass[:-1]}m?" if mass.endswith("m") else mass
    element = f"(?:{symbol.lower()}|{_ELEMENTS[symbol]})"
    after = f"(?:(?![a-z])|(?={_STUCK_TRACER}))"
    return f"(?P<{name}>{element}{gap}{number}(?![0-9])|{number}{gap}{element}{after})"


_WORDS = _words()
_MEANINGS = tuple(_WORDS.values())
_START = rf"(?<![a-z]){_STUCK_NUCLIDE}"


# Two expressions for one question: without groups the search is ten times as fast, and few texts
# name a tracer; the groups then tell which word it was. Both are made when the first header is
# judged, not when a command starts.
@cache
def _any_word() -> re.Pattern[str]:
    return re.compile(f"{_START}(?:{'|'.join(_expanded(word) for word in _WORDS)})")


@cache
def _which_word() -> re.Pattern[str]:
    groups = (f"(?P<w{index}>{_expanded(word)})" for index, word in enumerate(_WORDS))
    return re.compile(f"{_START}(?:{'|'.join(groups)})")


_NUCLIDES = tuple(RADIONUCLIDES)


@cache
def _any_nuclide() -> re.Pattern[str]:
    groups = (_nuclide_alternative(f"n{index}", one) for index, one in enumerate(_NUCLIDES))
    return re.compile(f"(?<![a-z0-9])(?:{'|'.join(groups)})")


def namings(text: str) -> Iterator[Naming]:
    """Words of a text that name tracers, from left to right; of nested words the longest."""
    lower = text.lower()
    for hit in _any_word().finditer(lower):
        match = _which_word().match(lower, hit.start())
        assert match is not None  # it is the same expression
        group = match.lastgroup
        assert group is not None  # every alternative is a named group
        use, tracers = _MEANINGS[int(group[1:])]
        yield Naming(tracers, match[group], use)


def nuclides_named(text: str) -> frozenset[str]:
    """Nuclides that a text writes out: ``18F``, ``F-18``, ``^18^Fluorine``, ``Ga 68``."""
    groups = (match.lastgroup for match in _any_nuclide().finditer(text.lower()))
    return frozenset(_NUCLIDES[int(group[1:])] for group in groups if group is not None)


def read_text(
    text: str, nuclides: frozenset[str] | None, *, drug_field: bool, clear_only: bool = False
) -> Reading:
    """Tracers that a text names and that are made with the nuclide.

    Parameters
    ----------
    nuclides : frozenset of str or None
        What the nuclide may be; None where nothing tells. Then only clear words count.
    drug_field : bool
        Whether the text is the name of the drug, (0018,0031), and not a description: there a short
        word means the tracer, or the header contradicts itself.
    clear_only : bool
        Whether short words are passed over.
    """
    found = [one for one in namings(text) if drug_field or one.use is not WordUse.DRUG_FIELD]
    clear = [one for one in found if one.use is WordUse.CLEAR]
    if nuclides is None or clear or clear_only:
        found = clear
    if not found:
        return Reading(candidates=frozenset(), several=False, misfits=frozenset(), words="")
    fitting = [(one.tracers & _made_with(nuclides), one) for one in found]
    misfits = [
        one for fits, one in fitting if not fits and (drug_field or one.use is WordUse.CLEAR)
    ]
    named = [fits for fits, _ in fitting if fits]
    common = frozenset.intersection(*named) if named else frozenset()
    return Reading(
        candidates=common or frozenset().union(*named),
        several=bool(named) and not common,
        misfits=frozenset().union(*(one.tracers for one in misfits)),
        words=", ".join(repr(one.word) for fits, one in fitting if fits or one in misfits),
    )


def _made_with(nuclides: frozenset[str] | None) -> frozenset[str]:
    return frozenset(
        name for name, made in RADIONUCLIDES_OF.items() if nuclides is None or made & nuclides
    )

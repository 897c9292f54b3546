"""Radiopharmaceuticals and what is known of the one in a series."""

from dataclasses import dataclass

from dicom_node.domain.coding import Code

# Ge-68 fills calibration phantoms and rod sources; 2 % of the series of the IBSI survey have it.
PHANTOM_RADIONUCLIDES = frozenset({"Ge-68"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Radionuclide:
    """A nuclide: name such as ``F-18``, half-life in seconds, its codes, and what it emits."""

    name: str
    half_life_s: float
    codes: tuple[Code, ...]
    positron_emitter: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """A radiopharmaceutical: key such as ``FDG``, the nuclides it is made with, its codes."""

    name: str
    radionuclides: tuple[str, ...]
    codes: tuple[Code, ...]
    text_patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TracerFinding:
    """What the header says of the tracer, and by which evidence.

    Parameters
    ----------
    tracer : str or None
        Key of the tracer; None where nothing names it or the evidence conflicts.
    evidence : str
        The rule that decided and the value it used, e.g.
        ``RadiopharmaceuticalCodeSequence (0054,0304) = 35321007 SCT``.
    radionuclide : str or None
        Name of the nuclide, e.g. ``F-18``.
    conflict : str or None
        Both values, where two pieces of evidence disagree. A series with a conflict is held.
    """

    tracer: str | None
    evidence: str
    radionuclide: str | None = None
    conflict: str | None = None

    @property
    def of_phantom(self) -> bool:
        """Whether the nuclide is one of sources and phantoms, which no patient is given."""
        return self.radionuclide in PHANTOM_RADIONUCLIDES

"""A piece of a patient: a solid of one organ, already in the patient's own millimetres."""

from collections.abc import Iterable
from dataclasses import dataclass

from algorithms.simulation.parts import Part
from algorithms.simulation.shapes import Solid
from algorithms.simulation.wholebody.habitus import Habitus
from algorithms.simulation.wholebody.organs import Organ


@dataclass(frozen=True, slots=True)
class Piece:
    """A solid of an organ; later pieces of a patient cover earlier ones.

    Parameters
    ----------
    gain : float
        The organ's uptake in this piece, over the organ's own.
    """

    organ: Organ
    solid: Solid
    gain: float = 1.0


def pieces(organ: Organ, solids: Iterable[Solid], *, gain: float = 1.0) -> tuple[Piece, ...]:
    """Pieces of one organ."""
    return tuple(Piece(organ, solid, gain) for solid in solids)


def fitted(habitus: Habitus, parts: Iterable[Part]) -> tuple[Piece, ...]:
    """Parts of the reference man as this patient has them."""
    return tuple(Piece(Organ(part.tissue.value), habitus.fit(part)) for part in parts)

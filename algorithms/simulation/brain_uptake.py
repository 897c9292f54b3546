"""How much ioflupane binds where: one person's transporters, drawn for a group.

Binding is specific binding ratio of the tissue itself, as no camera sees it: concentration above
the unspecific one, divided by that of the occipital region. Levels are chosen so that images of
8 to 10 mm resolution show about what is reported (nuclear_medicine 5.1, recalled); their spread,
the severity of a deficit and its mildness are ours. Nothing here is a statistic of patients.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from algorithms.toolbox.striatum import Side


class Group(StrEnum):
    """Why a person is scanned, and what is there."""

    CONTROL = "control"
    WITHOUT_DEFICIT = "suspected, without deficit"
    DEFICIT = "deficit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Specific binding ratio of the nuclei of one side; the putamen's ends, linear between."""

    caudate: float
    putamen_front: float
    putamen_back: float

    @property
    def putamen(self) -> float:
        """Mean of the putamen, whose both ends weigh about the same."""
        return (self.putamen_front + self.putamen_back) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DatUptake:
    """One person.

    Parameters
    ----------
    loss : mapping
        Loss of the back of the putamen on each side, 0 to 1.
    """

    group: Group
    age_years: int
    binding: Mapping[Side, Binding]
    loss: Mapping[Side, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """From what persons are drawn.

    Parameters
    ----------
    normal, spread : binding at 60 years and its standard deviation
    severity : two parameters of the beta distribution of the loss on the worse side
    least_loss : mildest disease
    one_sided : share of patients whose other side is spared
    """

    normal: float = 6.4
    spread: float = 0.85
    per_decade: float = -0.05  # ENC-DAT, Varrone 2013, recalled
    severity: tuple[float, float] = (3.2, 2.4)
    least_loss: float = 0.26
    one_sided: float = 0.15


_NORMAL_RANGE = (3.6, 9.5)  # of normal binding at any age: nobody is drawn beyond it


def draw_uptake(group: Group, random: np.random.Generator, people: Population) -> DatUptake:
    """One person of a group; the loss begins at the back of the putamen, on one side."""
    age = int(random.integers(42, 83))
    at_age = people.normal * (1 + people.per_decade * (age - 60) / 10)
    level = float(np.clip(random.normal(at_age, people.spread), *_NORMAL_RANGE))
    loss = _draw_loss(random, people) if group is Group.DEFICIT else dict.fromkeys(Side, 0.0)
    binding = {side: _side(level, loss[side], random) for side in Side}
    return DatUptake(group=group, age_years=age, binding=binding, loss=loss)


def _draw_loss(random: np.random.Generator, people: Population) -> dict[Side, float]:
    worse, better = random.permutation([str(side) for side in Side])
    loss = float(np.clip(random.beta(*people.severity), people.least_loss, 0.97))
    spared = random.random() < people.one_sided
    other = random.uniform(0.0, 0.1) if spared else loss * random.uniform(0.45, 0.95)
    return {Side(worse): loss, Side(better): float(other)}


def _side(level: float, loss: float, random: np.random.Generator) -> Binding:
    """Binding of one side: healthy sides differ by some percent, too."""
    own = level * (1 + random.normal(0, 0.03))
    back = float(np.clip(1.15 * loss + 0.06 * (loss > 0), 0.0, 0.93))
    front = float(np.clip(0.85 * loss, 0.0, 0.88))
    caudate = float(np.clip(0.52 * loss * (1 + random.normal(0, 0.15)), 0.0, 0.8))
    return Binding(
        caudate=own * 1.0 * (1 + random.normal(0, 0.03)) * (1 - caudate),
        putamen_front=own * 0.98 * (1 + random.normal(0, 0.03)) * (1 - front),
        putamen_back=own * 0.93 * (1 + random.normal(0, 0.04)) * (1 - back),
    )

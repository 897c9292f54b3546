"""Head and neck: skull, face, brain with cortex, nuclei and cerebellum, airway, glands, tonsils."""

import math

from algorithms.simulation.parts import SIDES, Part, of
from algorithms.simulation.shapes import Capsule, Ellipsoid, Point, Solid, tube
from algorithms.simulation.tissues import Tissue

_BRAIN: Point = (0.0, -27.0, -80.0)
_BRAIN_RADII: Point = (62.0, 82.0, 61.0)


def _ball(centre: Point, radii: Point, turn: Point = (0.0, 0.0, 0.0), p: float = 2.0) -> Ellipsoid:
    return Ellipsoid(centre_mm=centre, radii_mm=radii, turn_deg=turn, exponent=p)


def _paired(centre: Point, radii: Point, turn: Point = (0.0, 0.0, 0.0)) -> tuple[Ellipsoid, ...]:
    """The same ellipsoid on both sides, mirrored."""
    x, y, z = centre
    a, b, c = turn
    return tuple(_ball((s * x, y, z), radii, (a, s * b, s * c)) for s in SIDES)


def skull_and_face() -> tuple[Part, ...]:
    """Vault, base, jaw and teeth, with the air of sinuses and mouth."""
    bone: tuple[Solid, ...] = (
        _ball(_BRAIN, (70, 91, 69.5)),
        _ball((0, -12, -147), (46, 56, 15), p=2.5),
        *_paired((30, -98, -152), (21, 21, 33)),
        *(
            leg
            for s in SIDES
            for leg in tube(((s * 50, -40, -150), (s * 50, -50, -195), (s * 12, -112, -210)), 7.0)
        ),
        _ball((0, -108, -190), (26, 12, 12), p=2.5),
    )
    return (
        *of(Tissue.CORTICAL_BONE, bone),
        *of(Tissue.MUSCLE, (_ball((0, -85, -188), (32, 30, 14)),)),
        *of(
            Tissue.AIR,
            (*_paired((30, -97, -148), (17, 17, 26)), _ball((0, -88, -150), (9, 26, 22))),
        ),
    )


def brain() -> tuple[Part, ...]:
    """Cortex as a ribbon, two hemispheres of white matter, nuclei, ventricles, cerebellum."""
    _, y, z = _BRAIN
    return (
        *of(Tissue.CSF, (_ball(_BRAIN, (64, 84.5, 63.5)),)),
        *of(Tissue.GREY_MATTER, (_ball(_BRAIN, _BRAIN_RADII),)),
        *of(Tissue.WHITE_MATTER, _paired((31, y, z), (24, 63, 45))),
        *of(Tissue.GREY_MATTER, (*_folds(), *_paired((14, y + 6, z - 6), (8, 15, 9)))),
        *of(Tissue.GREY_MATTER, _paired((24, y - 16, z - 2), (6, 20, 12))),
        *of(Tissue.CSF, _paired((9, y - 2, z + 14), (4.5, 28, 6), (0, 0, 6))),
        *of(Tissue.CEREBELLUM, (_ball((0, 22, -133), (50, 28, 24), p=2.3),)),
        *of(Tissue.WHITE_MATTER, (_ball((0, 12, -132), (16, 14, 15)),)),
        *of(Tissue.WHITE_MATTER, tube(((0, -14, -118), (0, -4, -160), (0, 2, -185)), 9.0)),
    )


def _folds() -> tuple[Ellipsoid, ...]:
    """Folds of cortex that reach from the surface into the white matter."""
    x, y, z = _BRAIN
    a, b, _ = _BRAIN_RADII
    folds: list[Ellipsoid] = []
    for angle in (30, 52, 74, 96, 118, 140, 160):  # from the front, in the plane of the slice
        for height in (-14, 20):
            inward = 0.78 - 0.004 * abs(height)
            place = (
                x + inward * a * math.sin(math.radians(angle)),
                y - inward * b * math.cos(math.radians(angle)),
                z + height,
            )
            folds += _paired(place, (14, 3.5, 15), (0, 0, 90 - angle))
    return tuple(folds)


def neck() -> tuple[Part, ...]:
    """Airway down to the chest, salivary glands and palatine tonsils."""
    airway = tube(((0, -48, -170), (0, -32, -205), (0, -36, -240), (0, -16, -290)), 8.0)
    parotids = _paired((56, -22, -172), (9, 14, 22))
    submandibular = _paired((34, -60, -218), (9, 13, 12))
    return (
        *of(Tissue.SALIVARY_GLAND, (*parotids, *submandibular)),
        *of(Tissue.AIR, airway),
        *of(Tissue.TONSIL, _paired((17, -44, -192), (6, 8, 11))),
        *of(
            Tissue.CORTICAL_BONE,
            (Capsule(start_mm=(-14, -62, -226), end_mm=(14, -62, -226), radius_mm=3.5),),
        ),
    )

"""The outline of the body: skin, fat and muscle of trunk, head, arms (raised) and thighs.

Half-widths were read off common adult male proportions and compared with the 50th-percentile male
of ``wholebody-phantom`` (see the README of this folder); none of its surface is used.
"""

from algorithms.simulation.parts import SIDES, Part, loft, of
from algorithms.simulation.shapes import Capsule, Ellipsoid, Solid
from algorithms.simulation.tissues import Tissue

_FAT_MM = 13.0  # under the skin of the trunk
_LIMB_FAT_MM = 7.0
_SCALP_MM = 3.0

TRUNK = loft(
    (-915, (0, 22), (172, 100)),
    (-860, (0, 20), (172, 104)),
    (-800, (0, 12), (167, 110)),
    (-720, (0, 2), (154, 116)),
    (-650, (0, -3), (148, 119)),
    (-560, (0, 0), (152, 122)),
    (-500, (0, 5), (157, 117)),
    (-430, (0, 13), (164, 108)),
    (-380, (0, 20), (171, 98)),
    (-340, (0, 26), (177, 86)),
    (-305, (0, 30), (166, 72)),
    (-280, (0, 26), (118, 62)),
    (-258, (0, 14), (72, 58)),
    (-235, (0, 4), (59, 60)),
    (-200, (0, -4), (55, 60)),
    exponent=2.5,
)
_HEAD = loft(
    (-236, (0, -48), (34, 34)),
    (-222, (0, -44), (50, 62)),
    (-200, (0, -38), (59, 84)),
    (-165, (0, -36), (70, 96)),
    (-125, (0, -33), (76, 102)),
    (-85, (0, -31), (77, 103)),
    (-50, (0, -29), (71, 95)),
    (-25, (0, -28), (57, 77)),
    (-8, (0, -27), (35, 48)),
    (0, (0, -27), (12, 16)),
    exponent=2.1,
)

_NOSE = Ellipsoid(centre_mm=(0, -134, -152), radii_mm=(12, 15, 22), turn_deg=(-20, 0, 0))


def outline() -> tuple[Part, ...]:
    """Fat of the whole body, then the muscle within it."""
    fat: tuple[Solid, ...] = (TRUNK, *(limb for side in SIDES for limb in _limbs(side, 0.0)))
    muscle: tuple[Solid, ...] = (
        TRUNK.shrunk(_FAT_MM),
        *(m for s in SIDES for m in _limbs(s, _LIMB_FAT_MM)),
    )
    return (
        *of(Tissue.FAT, fat),
        *of(Tissue.FAT, (_HEAD, _NOSE), in_head=True),
        *of(Tissue.MUSCLE, muscle),
        *of(Tissue.MUSCLE, (_HEAD.shrunk(_SCALP_MM),), in_head=True),
    )


def _limbs(side: float, thinner_mm: float) -> tuple[Capsule, ...]:
    """Thigh, shoulder, upper arm and forearm of one side; the arms are raised beside the head."""
    return (
        Capsule(
            start_mm=(side * 88, 22, -880), end_mm=(side * 94, 24, -1120), radius_mm=84 - thinner_mm
        ),
        Capsule(
            start_mm=(side * 150, 30, -330),
            end_mm=(side * 178, 12, -285),
            radius_mm=56 - thinner_mm,
        ),
        Capsule(
            start_mm=(side * 178, 12, -285),
            end_mm=(side * 192, -15, -30),
            radius_mm=44 - thinner_mm,
        ),
        Capsule(
            start_mm=(side * 192, -15, -30),
            end_mm=(side * 110, -40, 190),
            radius_mm=36 - thinner_mm,
        ),
    )

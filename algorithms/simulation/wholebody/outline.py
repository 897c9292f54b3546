"""Outline of a patient: skin, fat and muscle of trunk, breasts, limbs and head, arms up or down."""

from dataclasses import replace

from algorithms.simulation.body import TRUNK
from algorithms.simulation.parts import SIDES, loft
from algorithms.simulation.shapes import Capsule, Ellipsoid, Level, Loft, Point, Solid, tube
from algorithms.simulation.wholebody.habitus import MUSCLE, Habitus
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.pieces import Piece, pieces

_FAT_MM = 11.0  # of the reference man, under the skin of the trunk
_LEAST_FAT_MM = 2.5
_SHELL_MM = 3.5  # compact bone of long bones
# Head of the reference man: skull cap, face, jaw, back of the head; they turn with the head.
_HEAD = (
    Ellipsoid(centre_mm=(0, -27, -84), radii_mm=(77, 101, 84), exponent=2.2),
    Ellipsoid(centre_mm=(0, -62, -152), radii_mm=(62, 72, 72), exponent=2.3),
    Ellipsoid(centre_mm=(0, -72, -196), radii_mm=(48, 54, 34), exponent=2.3),
    Ellipsoid(centre_mm=(0, -20, -170), radii_mm=(58, 62, 60), exponent=2.3),
)
_NOSE = Ellipsoid(centre_mm=(0, -134, -152), radii_mm=(12, 15, 22), turn_deg=(-20, 0, 0))
_NECK = loft(
    (-300, (0, 26), (92, 62)),
    (-268, (0, 14), (66, 60)),
    (-235, (0, 2), (57, 60)),
    (-190, (0, -10), (54, 58)),
    (-172, (0, -14), (46, 50)),
    exponent=2.3,
)
_TRUNK = replace(TRUNK, levels=tuple(level for level in TRUNK.levels if level.z_mm <= -280))


def outline(habitus: Habitus) -> tuple[Piece, ...]:
    """Fat of the whole body, then the muscle within it, then the breasts."""
    skin, muscle = _layer(habitus, _TRUNK, None), _layer(habitus, _TRUNK, _FAT_MM)
    neck = [_layer(habitus, _NECK, fat) for fat in (None, _FAT_MM / 2)]
    head = [_in_head(habitus, solid, 0.0) for solid in (*_HEAD, _NOSE)]
    flesh = [_in_head(habitus, solid, 4.0) for solid in _HEAD]
    legs, arms = _legs(habitus), arm_paths(habitus)
    return (
        *pieces(Organ.FAT, (skin, neck[0], *head, *legs[0], *_limbs(habitus, arms, fat=True))),
        *pieces(Organ.MUSCLE, (muscle, neck[1], *flesh, *legs[1])),
        *pieces(Organ.MUSCLE, _limbs(habitus, arms, fat=False)),
        *_breasts(habitus),
    )


def _layer(habitus: Habitus, shape: Loft, fat_mm: float | None) -> Loft:
    """Skin (None) or muscle of the trunk, around the patient's own mid-line."""
    levels = []
    for level in shape.levels:
        wide, deep = habitus.skin_widths(level.z_mm)
        a, b = level.radii_mm[0] * wide, level.radii_mm[1] * deep
        if fat_mm is not None:
            inner = habitus.widths(level.z_mm, MUSCLE)
            a = min((level.radii_mm[0] - fat_mm) * inner, a - _LEAST_FAT_MM)
            b = min((level.radii_mm[1] - fat_mm) * inner, b - _LEAST_FAT_MM)
        x, y, z = habitus.place((*level.centre_mm, level.z_mm))
        levels.append(Level(z_mm=z, centre_mm=(x, y), radii_mm=(a, b)))
    return replace(shape, levels=tuple(levels))


def _in_head(habitus: Habitus, solid: Ellipsoid, thinner_mm: float) -> Solid:
    a, b, c = (radius - thinner_mm for radius in solid.radii_mm)
    return habitus.fit_head(replace(solid, radii_mm=(a, b, c)))


def arm_paths(habitus: Habitus) -> tuple[tuple[Point, ...], ...]:
    """Shoulder, elbow, wrist and finger tips of both sides, patient millimetres."""
    tall, girth = habitus.tall, habitus.skin_widths(-600)[0]
    shoulder = habitus.widths(-330, 0.2)
    paths = []
    for side in SIDES:
        joint = habitus.place((side * 152 * shoulder / habitus.widths(-330, 0.12), 28, -318))
        if habitus.arms_up:
            rest = ((side * 196, -15, -30), (side * 112, -45, 190), (side * 40, -50, 330))
        else:
            out = max(205.0, 170 * girth + 48)
            rest = ((side * out, 30, -620), (side * (out + 6), 0, -860), (side * out, -10, -1010))
        x, y = habitus.centre_mm
        moved = [(px * tall + x, py * tall + y, pz * tall) for px, py, pz in rest]
        paths.append((joint, *moved))
    return tuple(paths)


def _limbs(
    habitus: Habitus, paths: tuple[tuple[Point, ...], ...], *, fat: bool
) -> tuple[Solid, ...]:
    stout = habitus.stout ** (0.45 if fat else 0.25)
    thinner = 0.0 if fat else 6.0
    solids: list[Solid] = []
    for shoulder, elbow, wrist, tips in paths:
        radii = ((shoulder, shoulder, 60.0), (shoulder, elbow, 45.0), (elbow, wrist, 34.0))
        for start, end, radius in (*radii, (wrist, tips, 24.0)):
            size = (radius - thinner) * habitus.tall * stout
            solids.append(Capsule(start_mm=start, end_mm=end, radius_mm=size))
    return tuple(solids)


def arm_bones(habitus: Habitus) -> tuple[Piece, ...]:
    """Humerus with its head and the bones of the forearm, with marrow above the elbow."""
    shell: list[Solid] = []
    core: list[Solid] = []
    for shoulder, elbow, wrist, _ in arm_paths(habitus):
        shell += [Capsule(start_mm=shoulder, end_mm=shoulder, radius_mm=24)]
        core += [Capsule(start_mm=shoulder, end_mm=shoulder, radius_mm=24 - _SHELL_MM)]
        shell += [*tube((shoulder, elbow), 12.0), *tube((elbow, wrist), 8.0)]
        core += tube((shoulder, elbow), 12.0 - _SHELL_MM)
    return (*pieces(Organ.CORTICAL_BONE, shell), *pieces(Organ.MARROW, core))


def _legs(habitus: Habitus) -> tuple[tuple[Solid, ...], tuple[Solid, ...]]:
    """Fat and muscle of thighs down to the feet."""
    fat: list[Solid] = []
    muscle: list[Solid] = []
    for side in SIDES:
        joints = ((88, 22, -900), (96, 24, -1120), (100, 26, -1300), (104, 30, -1690))
        hip, thigh, knee, ankle = (habitus.place((side * x, y, z)) for x, y, z in joints)
        thick = habitus.widths(-860, 0.45)
        thin = habitus.widths(-860, 0.25)
        for start, end, radius in ((hip, thigh, 84.0), (thigh, knee, 64.0), (knee, ankle, 48.0)):
            fat.append(Capsule(start_mm=start, end_mm=end, radius_mm=radius * thick))
            lean = min((radius - 8) * thin, radius * thick - _LEAST_FAT_MM)
            muscle.append(Capsule(start_mm=start, end_mm=end, radius_mm=lean))
    return tuple(fat), tuple(muscle)


def _breasts(habitus: Habitus) -> tuple[Piece, ...]:
    """Fat with a core of gland; a man has none."""
    if habitus.sex != "F":
        return ()
    size = habitus.stout**0.6
    out: list[Piece] = []
    for side in SIDES:
        wide, deep = habitus.skin_widths(-430)
        x, y, z = habitus.place((0, 13, -445))
        centre = (x + side * 82 * wide, y - 104 * deep, z)
        radii = (58 * size, 34 * size, 56 * size)
        gland = (30 * size, 20 * size, 30 * size)
        out += pieces(Organ.FAT, (Ellipsoid(centre_mm=centre, radii_mm=radii),))
        out += pieces(Organ.BREAST, (Ellipsoid(centre_mm=centre, radii_mm=gland),))
    return tuple(out)

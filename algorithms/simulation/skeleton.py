"""The skeleton below the skull: a compact shell with marrow inside, bone by bone."""

from collections.abc import Sequence

import numpy as np

from algorithms.simulation.parts import SIDES, Part, of
from algorithms.simulation.shapes import Ellipsoid, Point, Solid, blend, sphere, tube
from algorithms.simulation.tissues import Tissue

_SHELL_MM = 2.5  # thickness of compact bone
_RIBS = 11
# Centre of the vertebral bodies in the mid-plane: height, then y; neck and loin bend forward.
_SPINE_Z = (-745.0, -706.0, -656.0, -556.0, -456.0, -356.0, -300.0, -256.0, -175.0)
_SPINE_Y = (26.0, 18.0, 22.0, 42.0, 60.0, 52.0, 30.0, 10.0, 2.0)


def skeleton(*, arms: bool = True) -> tuple[Part, ...]:
    """Spine, ribs, shoulder girdle, sternum, pelvis and the long bones that a scan meets.

    Parameters
    ----------
    arms : whether the bones of raised arms belong to it
    """
    solid, marrow = [], []
    limbs = _raised_arms() if arms else ()
    for shell, core in (*_vertebrae(), *_pelvis(), *_chest(), *limbs):
        solid.append(shell)
        marrow.append(core)
    thin = (*_ribs(), *_blades())
    return (
        *of(Tissue.CORTICAL_BONE, (*thin, *solid)),
        *of(Tissue.MARROW, marrow),
    )


def spine_point(z_mm: float) -> Point:
    """Centre of the spine at a height."""
    return 0.0, float(blend(_SPINE_Z, [[y] for y in _SPINE_Y], np.array([z_mm]))[0, 0]), z_mm


def _with_core(shell: Ellipsoid) -> tuple[Solid, Solid]:
    """A bone and the marrow inside its shell."""
    a, b, c = (radius - _SHELL_MM for radius in shell.radii_mm)
    core = Ellipsoid(
        centre_mm=shell.centre_mm,
        radii_mm=(a, b, c),
        turn_deg=shell.turn_deg,
        exponent=shell.exponent,
    )
    return shell, core


def _shaft(points: Sequence[Point], radius_mm: float) -> tuple[tuple[Solid, Solid], ...]:
    """A long bone along a path and its marrow."""
    outer, inner = tube(points, radius_mm), tube(points, radius_mm - _SHELL_MM - 1)
    return tuple(zip(outer, inner, strict=True))


def _vertebrae() -> tuple[tuple[Solid, Solid], ...]:
    """Bodies, pedicles with arch, and spinous processes from the neck to the loin."""
    bones: list[tuple[Solid, Solid]] = []
    z = -185.0
    while z > -735:
        size = 0.55 + 0.45 * min(1.0, (-185 - z) / 330)  # they grow downward
        height = 30 * size + 3
        _, y, _ = spine_point(z)
        bones.append(
            _with_core(
                Ellipsoid(
                    centre_mm=(0, y, z),
                    radii_mm=(23 * size, 17 * size, height / 2 - 1.5),
                    exponent=3.0,
                )
            )
        )
        back = y + 17 * size
        for side in SIDES:
            bones += _shaft(((side * 14 * size, back, z), (side * 9 * size, back + 22, z - 3)), 5.0)
            bones += _shaft(
                ((side * 12 * size, back + 12, z), (side * 32 * size, back + 16, z)), 4.5
            )
        bones += _shaft(((0, back + 22, z - 4), (0, back + 38 * size + 4, z - 14)), 4.5)
        z -= height
    return tuple(bones)


def _rib_path(number: int, side: float) -> tuple[Point, ...]:
    """A rib from the spine round the chest, sloping down toward the front."""
    z0 = -290.0 - number * 25.0
    depth = number / (_RIBS - 1)
    half_width = 72 + 60 * min(1.0, depth * 1.9) ** 0.6
    lower = max(0.0, depth - 0.4) / 0.6  # the lower ribs bulge forward round the liver
    half_depth = 46 + 44 * min(1.0, depth * 1.7) ** 0.8 + 14 * lower
    y_middle = 32 - 20 * min(1.0, depth * 2.5) - 10 * lower
    last = 165 if number < 7 else 165 - 18 * (number - 6)  # floating ribs end at the flank
    path: list[Point] = []
    for angle in np.radians(np.arange(12, last + 1, 12.75)):
        slope = 75 * (angle / np.pi) * (0.5 + 0.5 * depth)
        across, along = float(np.sin(angle)), float(np.cos(angle))
        # The power makes the ring squarer than an ellipse, as the lungs within it are.
        x = side * half_width * across**0.75
        y = y_middle + half_depth * float(np.sign(along)) * abs(along) ** 0.75
        path.append((x, y, z0 - float(slope)))
    return tuple(path)


def _ribs() -> tuple[Solid, ...]:
    return tuple(
        leg for n in range(_RIBS) for side in SIDES for leg in tube(_rib_path(n, side), 4.2)
    )


def _blades() -> tuple[Solid, ...]:
    """Shoulder blades and collar bones."""
    blades = tuple(
        Ellipsoid(centre_mm=(s * 104, 86, -355), radii_mm=(38, 4.5, 62), turn_deg=(8, 0, s * -18))
        for s in SIDES
    )
    collars = tuple(
        leg
        for s in SIDES
        for leg in tube(((s * 18, -38, -318), (s * 80, -28, -296), (s * 150, 22, -288)), 6.5)
    )
    return (*blades, *collars)


def _chest() -> tuple[tuple[Solid, Solid], ...]:
    """Sternum."""
    sternum = Ellipsoid(centre_mm=(0, -66, -395), radii_mm=(17, 6.5, 74), turn_deg=(-21, 0, 0))
    return (_with_core(sternum),)


def _raised_arms() -> tuple[tuple[Solid, Solid], ...]:
    return tuple(
        bone
        for s in SIDES
        for bone in (
            _with_core(sphere((s * 158, 26, -306), 24)),
            *_shaft(((s * 162, 24, -298), (s * 192, -15, -30)), 12.0),
            *_shaft(((s * 192, -15, -30), (s * 110, -40, 190)), 8.0),
        )
    )


def _pelvis() -> tuple[tuple[Solid, Solid], ...]:
    """Sacrum, iliac wings, sockets, pubis, ischium and the upper thigh bones."""
    bones: list[tuple[Solid, Solid]] = [
        _with_core(
            Ellipsoid(
                centre_mm=(0, 58, -782), radii_mm=(46, 19, 48), turn_deg=(32, 0, 0), exponent=2.4
            )
        )
    ]
    for s in SIDES:
        wing = Ellipsoid(
            centre_mm=(s * 92, 32, -768), radii_mm=(10, 62, 58), turn_deg=(0, s * 22, s * 40)
        )
        bones += [_with_core(wing), _with_core(sphere((s * 90, 16, -862), 32))]
        bones += _shaft(((s * 80, 30, -805), (s * 88, 18, -850)), 17.0)
        bones += _shaft(((s * 75, 2, -868), (s * 16, -42, -886)), 10.0)
        bones += _shaft(((s * 16, -42, -886), (s * 52, 20, -935)), 9.0)
        bones += _shaft(((s * 84, 32, -870), (s * 60, 52, -935)), 14.0)
        bones += [_with_core(sphere((s * 92, 14, -864), 25))]
        bones += _shaft(((s * 92, 14, -864), (s * 132, 24, -905)), 16.0)
        bones += _shaft(((s * 132, 24, -905), (s * 112, 18, -1120)), 16.0)
    return tuple(bones)

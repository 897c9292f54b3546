"""Where lesions are, how many, how large and how hot: site classes and ranges of each world."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from algorithms.simulation.shapes import Point
from algorithms.simulation.wholebody.canvas import Canvas
from algorithms.simulation.wholebody.habitus import Habitus
from algorithms.simulation.wholebody.lumps import Lesion, core_of, draw_shape
from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.tracers import LesionUptake

_TRIES = 6
_LEAST_CONTRAST = 1.7  # over what is there
# A lesion is not put where its own uptake could never be told from what is there.
_TOO_HOT = tuple(
    NUMBER[organ]
    for organ in (
        Organ.GREY_MATTER, Organ.WHITE_MATTER, Organ.CEREBELLUM, Organ.CSF, Organ.KIDNEY,
        Organ.RENAL_PELVIS, Organ.BLADDER, Organ.MYOCARDIUM, Organ.AIR, Organ.GALLBLADDER,
        Organ.URETER, Organ.BLOOD, Organ.TONSIL,
    )
)  # fmt: skip
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A class of sites.

    Parameters
    ----------
    name : as results are told by
    weight : how often, over the others
    box : x (of the left side where `paired`), y, z of the reference man, or None
    organs : the lesion starts in a voxel of one of these, where there is no box
    size : factor on the radius
    hounsfield : CT numbers one of which is drawn; None shows nothing on CT
    """

    name: str
    weight: float
    box: Box | None = None
    paired: bool = False
    organs: tuple[Organ, ...] = ()
    size: float = 1.0
    hounsfield: tuple[float | None, ...] = (40.0,)


_BONE_CT = (None, None, 60.0, 500.0, 700.0)
_NECK: Box = ((18, 52), (-30, 22), (-290, -200))
_COLLAR: Box = ((22, 78), (-18, 14), (-312, -286))
_AXILLA: Box = ((104, 146), (-8, 28), (-392, -330))
_CHEST: Box = ((-46, 46), (-36, 30), (-470, -330))
_BACK: Box = ((-30, 30), (-16, 24), (-725, -570))
_PELVIS: Box = ((34, 74), (-30, 22), (-862, -748))
_GROIN: Box = ((58, 92), (-76, -50), (-930, -880))

FDG_SITES = (
    Site(name="neck node", weight=1.2, box=_NECK, paired=True, size=0.9),
    Site(name="supraclavicular node", weight=0.8, box=_COLLAR, paired=True, size=0.8),
    Site(name="axillary node", weight=1.0, box=_AXILLA, paired=True, size=0.9),
    Site(name="mediastinal node", weight=1.6, box=_CHEST),
    Site(name="retroperitoneal node", weight=1.1, box=_BACK),
    Site(name="pelvic node", weight=0.9, box=_PELVIS, paired=True),
    Site(name="inguinal node", weight=0.6, box=_GROIN, paired=True, size=0.9),
    Site(name="peritoneum", weight=0.7, box=((-84, 84), (-84, -18), (-810, -590))),
    Site(name="head and neck", weight=0.6, box=((-34, 34), (-92, -36), (-216, -168)), size=1.1),
    Site(name="pelvic organ", weight=0.6, box=((-32, 32), (-30, 56), (-902, -815)), size=1.4),
    Site(name="lung", weight=1.9, organs=(Organ.LUNG,), hounsfield=(30.0, 30.0, -150.0)),
    Site(name="liver", weight=1.4, organs=(Organ.LIVER,), hounsfield=(42.0, None), size=1.1),
    Site(name="spleen", weight=0.3, organs=(Organ.SPLEEN,), hounsfield=(40.0,)),
    Site(name="bone", weight=2.4, organs=(Organ.MARROW,), hounsfield=_BONE_CT),
    Site(name="rib", weight=0.5, organs=(Organ.CORTICAL_BONE,), hounsfield=_BONE_CT, size=0.8),
    Site(name="bowel", weight=0.5, organs=(Organ.COLON, Organ.STOMACH, Organ.OESOPHAGUS)),
    Site(name="adrenal", weight=0.4, organs=(Organ.ADRENAL,)),
    Site(name="pancreas", weight=0.3, organs=(Organ.PANCREAS,)),
    Site(name="breast", weight=0.5, organs=(Organ.BREAST,)),
    Site(name="soft tissue", weight=0.7, organs=(Organ.MUSCLE, Organ.FAT), size=1.1),
)
PSMA_SITES = (
    Site(name="prostate bed", weight=1.6, box=((-22, 22), (-24, 14), (-916, -890)), size=1.2),
    Site(name="pelvic node", weight=2.4, box=_PELVIS, paired=True),
    Site(name="perirectal node", weight=0.5, box=((-34, 34), (30, 66), (-880, -800)), size=0.8),
    Site(name="retroperitoneal node", weight=1.3, box=_BACK),
    Site(name="supraclavicular node", weight=0.5, box=_COLLAR, paired=True),
    Site(name="mediastinal node", weight=0.4, box=_CHEST),
    Site(name="bone", weight=3.6, organs=(Organ.MARROW,), hounsfield=_BONE_CT, size=1.3),
    Site(name="rib", weight=0.8, organs=(Organ.CORTICAL_BONE,), hounsfield=_BONE_CT),
    Site(name="lung", weight=0.3, organs=(Organ.LUNG,), hounsfield=(30.0,)),
    Site(name="liver", weight=0.2, organs=(Organ.LIVER,), hounsfield=(42.0, None), size=1.6),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionRange:
    """How many lesions a patient of a world has, how large and how hot they are.

    Parameters
    ----------
    none : share of patients without any
    number : median and standard deviation of the logarithm; at most `most`
    radius_mm : median, standard deviation of the logarithm, smallest, largest
    bulky : share of patients with one mass of 25 to 55 mm radius
    necrosis : share with a cold core among lesions of over 14 mm radius
    uptake_factor : on the tracer's median
    """

    none: float = 0.15
    number: tuple[float, float] = (3.3, 0.95)
    most: int = 40
    radius_mm: tuple[float, float, float, float] = (8.0, 0.45, 3.0, 32.0)
    bulky: float = 0.10
    necrosis: float = 0.4
    uptake_factor: float = 1.0


def draw_lesions(
    sites: Sequence[Site],
    limits: LesionRange,
    uptake: LesionUptake,
    *,
    habitus: Habitus,
    canvas: Canvas,
    random: np.random.Generator,
) -> tuple[Lesion, ...]:
    """Lesions of one patient, placed with the help of the patient's own organs.

    Parameters
    ----------
    canvas : of the patient without lesions
    """
    if random.random() < limits.none:
        return ()
    median, spread = limits.number
    number = int(np.clip(median * np.exp(spread * random.standard_normal()), 1, limits.most))
    weights = np.array([site.weight for site in sites])
    weights /= weights.sum()
    main = random.choice(len(sites), size=3, p=weights)  # a disease keeps to a few sites
    level = limits.uptake_factor * float(np.exp(0.6 * uptake.spread * random.standard_normal()))
    lesions: list[Lesion] = []
    for index in range(number):
        alike = random.random() < 0.75
        chosen = random.choice(main) if alike else random.choice(len(sites), p=weights)
        site = sites[int(chosen)]
        radius = _radius(site, limits, random, first=index == 0)
        suv = _uptake(uptake, level, random)
        found = _place(site, habitus, canvas, random)
        if found is not None:
            centre, background = found
            hot = max(suv, _LEAST_CONTRAST * background)
            lesions.append(_make(site, centre, radius, hot, limits.necrosis, random))
    return tuple(lesions)


def _radius(site: Site, limits: LesionRange, random: np.random.Generator, *, first: bool) -> float:
    bulky = first and random.random() < limits.bulky and site.name != "rib"
    median, spread, smallest, largest = limits.radius_mm
    drawn = median * site.size * float(np.exp(spread * random.standard_normal()))
    mass = float(random.uniform(25, 55))
    return mass if bulky else float(np.clip(drawn, smallest, largest))


def _uptake(uptake: LesionUptake, level: float, random: np.random.Generator) -> float:
    drawn = uptake.median * level * float(np.exp(0.8 * uptake.spread * random.standard_normal()))
    return float(np.clip(drawn, uptake.low, uptake.high))


def _make(  # noqa: PLR0917  private, and each is what its name says
    site: Site,
    centre: Point,
    radius: float,
    suv: float,
    necrosis: float,
    random: np.random.Generator,
) -> Lesion:
    shape = draw_shape(centre, radius, random)
    cold, share, rest = random.random(), random.uniform(0.35, 0.7), random.uniform(0.1, 0.5)
    core = core_of(shape, float(share)) if radius > 14 and cold < necrosis else None
    return Lesion(
        site=site.name,
        shape=shape,
        radius_mm=radius,
        suv=suv,
        hounsfield=site.hounsfield[int(random.integers(len(site.hounsfield)))],
        core=core,
        core_suv=suv * float(rest),
    )


def _place(
    site: Site, habitus: Habitus, canvas: Canvas, random: np.random.Generator
) -> tuple[Point, float] | None:
    """A place of the site inside the body and the field of view, and the uptake that is there."""
    for _ in range(_TRIES):
        point = _draw_point(site, habitus, canvas, random)
        if point is None:
            return None
        index = _index(canvas, point)
        if index is None or canvas.organ[index] in _TOO_HOT:
            continue
        return point, float(canvas.suv[index])
    return None


def _draw_point(
    site: Site, habitus: Habitus, canvas: Canvas, random: np.random.Generator
) -> Point | None:
    if site.box is not None:
        x, y, z = (float(random.uniform(*span)) for span in site.box)
        side = float(random.choice((-1.0, 1.0))) if site.paired else 1.0
        return habitus.place((side * x, y, z))
    numbers = [NUMBER[organ] for organ in site.organs]
    found = np.flatnonzero(np.isin(canvas.organ, numbers))
    if found.size == 0:
        return None
    index = np.unravel_index(int(found[int(random.integers(found.size))]), canvas.organ.shape)
    shift = random.uniform(-0.5, 0.5, 3)
    axes = (canvas.axes.z_mm, canvas.axes.y_mm, canvas.axes.x_mm)
    z, y, x = (
        float(axis[i] + s * (axis[1] - axis[0]))
        for axis, i, s in zip(axes, index, shift, strict=True)
    )
    return x, y, z


def _index(canvas: Canvas, point: Point) -> tuple[int, int, int] | None:
    """Voxel of a point, or None outside the field of view or too near to its ends."""
    index = []
    for axis, value in zip(
        (canvas.axes.z_mm, canvas.axes.y_mm, canvas.axes.x_mm), reversed(point), strict=True
    ):
        place = round(float((value - axis[0]) / (axis[1] - axis[0])))
        if not 2 <= place < len(axis) - 2:
            return None
        index.append(place)
    return index[0], index[1], index[2]

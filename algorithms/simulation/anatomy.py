"""One patient of the simulation: its anatomy, its size, and hot findings that are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from algorithms.simulation.body import outline
from algorithms.simulation.head import brain, neck, skull_and_face
from algorithms.simulation.parts import Part
from algorithms.simulation.shapes import Axes, Floats, Point, paint, sphere
from algorithms.simulation.skeleton import skeleton
from algorithms.simulation.tissues import Tissue
from algorithms.simulation.viscera import belly, chest, pelvis

REFERENCE_HEIGHT_M = 1.76
REFERENCE_WEIGHT_KG = 77.0
_FINDING_SAMPLES = 4  # per voxel and direction: the volume of a finding is right to 1 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Size of a patient and where they lie.

    Parameters
    ----------
    height_m, weight_kg : float
    offset_mm : place of the vertex of the head in the frame of reference
    """

    height_m: float
    weight_kg: float
    offset_mm: Point

    def scale(self, *, in_head: bool) -> tuple[float, float, float]:
        """Factors of x, y and z to the reference man; cross-sections go with weight per height.

        A head is as wide as any other.
        """
        tall = self.height_m / REFERENCE_HEIGHT_M
        wide = 1.0 if in_head else float(np.sqrt(self.weight_kg / REFERENCE_WEIGHT_KG / tall))
        return wide, wide, tall

    def place(self, reference_mm: Point) -> Point:
        """Millimetres in the frame of reference of a point of the reference man's trunk."""
        scale = self.scale(in_head=False)
        x, y, z = (
            c * factor + shift
            for c, factor, shift in zip(reference_mm, scale, self.offset_mm, strict=True)
        )
        return x, y, z

    def reference_axes(self, axes: Axes, *, in_head: bool) -> Axes:
        """The same voxels in the coordinates of the reference man."""
        scale = self.scale(in_head=in_head)
        x, y, z = (
            ((a - np.float32(shift)) / np.float32(factor)).astype(np.float32)
            for a, factor, shift in zip(
                (axes.x_mm, axes.y_mm, axes.z_mm), scale, self.offset_mm, strict=True
            )
        )
        return Axes(x, y, z)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A ball of raised uptake: what an algorithm ought to find."""

    name: str
    centre_mm: Point  # LPS, frame of reference of the study
    radius_mm: float
    suv: float

    @property
    def volume_ml(self) -> float:
        """Volume of the ball."""
        return 4 / 3 * np.pi * self.radius_mm**3 / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A ball that lies wholly inside one organ, away from its edge and from every finding."""

    tissue: Tissue
    centre_mm: Point
    radius_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """A patient as a list of solids, to be painted on any grid with any property."""

    build: Build
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]
    probes: tuple[Probe, ...]

    def render(
        self, axes: Axes, values: Mapping[Tissue, float], finding_values: Sequence[float]
    ) -> Floats:
        """Image of one property.

        Parameters
        ----------
        axes : of the grid
        values : the property by tissue; that of air fills the room
        finding_values : the property of each finding, in their order

        Returns
        -------
        (slices, rows, columns) float32
        """
        image = np.full(axes.shape, values[Tissue.AIR], dtype=np.float32)
        trunk, head = (self.build.reference_axes(axes, in_head=flag) for flag in (False, True))
        for part in self.parts:
            paint(image, head if part.in_head else trunk, part.solid, values[part.tissue])
        for finding, value in zip(self.findings, finding_values, strict=True):
            ball = sphere(finding.centre_mm, finding.radius_mm)
            paint(image, axes, ball, value, fine=_FINDING_SAMPLES)
        return image


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a finding may be, and the ranges of its size and uptake (our choice, no statistics)."""

    name: str
    centre_mm: Point  # of the reference man
    wander_mm: float
    radius_mm: tuple[float, float]
    suv: tuple[float, float]


_SITES = (
    _Site("right hilum", (-42, 12, -412), 5, (14, 18), (8, 13)),
    _Site("left lower neck", (42, 2, -272), 4, (8, 11), (6, 10)),
    _Site("liver, right lobe", (-84, 22, -548), 5, (10, 14), (6, 9)),
    _Site("left iliac bone", (88, 46, -772), 3, (8, 11), (5, 9)),
)

_PROBES = (
    Probe(tissue=Tissue.LIVER, centre_mm=(-66, -20, -506), radius_mm=15),
    Probe(tissue=Tissue.SPLEEN, centre_mm=(93, 40, -520), radius_mm=6),
    Probe(tissue=Tissue.BLADDER, centre_mm=(0, -22, -862), radius_mm=10),
    Probe(tissue=Tissue.LUNG, centre_mm=(53, 34, -324), radius_mm=9),
    Probe(tissue=Tissue.MUSCLE, centre_mm=(50, 71, -704), radius_mm=8),
)


def draw_phantom(random: np.random.Generator) -> Phantom:
    """A man with raised arms and two to four findings.

    Parameters
    ----------
    random : the patient's own generator
    """
    height = float(np.round(random.uniform(1.68, 1.82), 2))
    girth = float(random.uniform(0.88, 1.14))
    weight = round(REFERENCE_WEIGHT_KG * girth * height / REFERENCE_HEIGHT_M, 1)
    x, y = random.uniform(-6, 6, 2)
    build = Build(height_m=height, weight_kg=weight, offset_mm=(float(x), float(y), 0.0))
    parts = (
        *outline(),
        *chest(random),
        *belly(random),
        *pelvis(random),
        *(replace(part, in_head=True) for part in (*skull_and_face(), *brain(), *neck())),
        *skeleton(),
    )
    probes = tuple(
        Probe(tissue=p.tissue, centre_mm=build.place(p.centre_mm), radius_mm=p.radius_mm)
        for p in _PROBES
    )
    return Phantom(build=build, parts=parts, findings=_draw_findings(random, build), probes=probes)


def _draw_findings(random: np.random.Generator, build: Build) -> tuple[Finding, ...]:
    """Two to four findings at different sites, in the order of the list of sites."""
    chosen = random.permutation(len(_SITES))[: int(random.integers(2, len(_SITES) + 1))]
    findings = []
    for number in sorted(chosen):
        site = _SITES[number]
        shift = random.uniform(-site.wander_mm, site.wander_mm, 3)
        x, y, z = build.place(site.centre_mm)
        findings.append(
            Finding(
                name=site.name,
                centre_mm=(
                    round(x + float(shift[0]), 2),
                    round(y + float(shift[1]), 2),
                    round(z + float(shift[2]), 2),
                ),
                radius_mm=round(float(random.uniform(*site.radius_mm)), 2),
                suv=round(float(random.uniform(*site.suv)), 2),
            )
        )
    return tuple(findings)

"""The long axis of a left ventricle, and where a place in the patient lies on its polar map.

A place has a radius on the map, 0 at the apex and 1 just before the valve plane, and an angle: 0
anterior, 90 lateral, 180 inferior, 270 septal degrees. Anterior is the direction to the head,
across the axis: that is how a heart is turned into short-axis slices by hand, in two steps.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The outer two quarters of the map are the wall between valve plane and the centre of the apical
# cap, by its height; the inner two are the cap by its angle from the axis. 36 degrees: there the
# cap is as high as the tip of the cavity, where the apex (segment 17) begins (AHA, Circulation
# 2002;105:539, recalled).
CAP_RADIUS = 0.5
# The map ends so far before the valve plane: at the plane itself half of the counts are lost to
# resolution, and a normal base would look like a defect.
_MARGIN_MM = 6.0
_APEX_RADIUS, _APEX_ANGLE_DEG = 0.25, 36.0
_HEAD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LongAxis:
    """Where a ventricle lies.

    Parameters
    ----------
    base_mm : (3,)
        Centre of the valve plane, LPS millimetres.
    direction : (3,)
        Unit vector from base to apex.
    length_mm : from the valve plane to the middle of the apical wall
    radius_mm : of the middle of the wall at mid height
    """

    base_mm: Floats
    direction: Floats
    length_mm: float
    radius_mm: float

    @property
    def anterior(self) -> Floats:
        """Unit vector across the axis, to the head."""
        across = _HEAD - (_HEAD @ self.direction) * self.direction
        return np.asarray(across / np.linalg.norm(across))

    @property
    def lateral(self) -> Floats:
        """Unit vector across both, to the free wall."""
        return np.cross(self.anterior, self.direction)

    @property
    def cap_mm(self) -> float:
        """Distance of the centre of the apical cap from the valve plane."""
        return max(self.length_mm - self.radius_mm, 0.4 * self.length_mm)

    def local(self, points_mm: Floats) -> Floats:
        """Millimetres (..., 3): along the axis from the valve plane, anterior, lateral."""
        across = np.stack([self.direction, self.anterior, self.lateral], axis=1)
        return np.asarray((points_mm - self.base_mm) @ across)

    def place(self, along_mm: Floats, anterior_mm: Floats, lateral_mm: Floats) -> Floats:
        """Inverse of `local`."""
        return np.asarray(
            self.base_mm
            + along_mm[..., None] * self.direction
            + anterior_mm[..., None] * self.anterior
            + lateral_mm[..., None] * self.lateral
        )

    def on_map(self, points_mm: Floats) -> tuple[Floats, Floats]:
        """Radius on the map (above 1 behind its end) and angle in degrees, 0 to 360."""
        along, up, aside = np.moveaxis(self.local(points_mm), -1, 0)
        from_cap = along - self.cap_mm
        angle = np.degrees(np.arctan2(np.hypot(up, aside), from_cap))
        cap = np.where(
            angle < _APEX_ANGLE_DEG,
            angle / _APEX_ANGLE_DEG * _APEX_RADIUS,
            _APEX_RADIUS
            + (angle - _APEX_ANGLE_DEG) / (90 - _APEX_ANGLE_DEG) * (CAP_RADIUS - _APEX_RADIUS),
        )
        wall = CAP_RADIUS - (1 - CAP_RADIUS) * from_cap / (self.cap_mm - _MARGIN_MM)
        turned = np.degrees(np.arctan2(aside, up)) % 360.0
        return np.where(from_cap > 0, cap, wall), turned

    def rays(self, radius: Floats, angle_deg: Floats) -> tuple[Floats, Floats]:
        """Start on the axis and unit direction (..., 3) of the rays that a map is sampled along."""
        radius, turn = np.broadcast_arrays(radius, np.radians(angle_deg))
        outward = np.cos(turn)[..., None] * self.anterior + np.sin(turn)[..., None] * self.lateral
        low = radius / _APEX_RADIUS * _APEX_ANGLE_DEG
        high = _APEX_ANGLE_DEG + (radius - _APEX_RADIUS) / (CAP_RADIUS - _APEX_RADIUS) * (
            90 - _APEX_ANGLE_DEG
        )
        tilt = np.radians(np.minimum(np.where(radius < _APEX_RADIUS, low, high), 90.0))[..., None]
        ways = np.cos(tilt) * self.direction + np.sin(tilt) * outward
        share = np.minimum(1.0, (1 - radius) / (1 - CAP_RADIUS))
        height = _MARGIN_MM + (self.cap_mm - _MARGIN_MM) * share
        return self.base_mm + height[..., None] * self.direction, np.asarray(ways)

"""The two networks, their weights on disk, and their run over a scan."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np
import torch
from monai.networks.nets import UNet  # type: ignore[attr-defined]  # exported at run time
from numpy.typing import NDArray
from safetensors.torch import load, save
from scipy.ndimage import (  # type: ignore[attr-defined]  # filled at run time
    center_of_mass,
    label,
)

from algorithms.toolbox.heart_net.grid import (
    OUTLINE_MM,
    finding_grid,
    found_scale,
    on_grid,
    outline_grid,
    outline_scale,
)
from dicom_node.domain.errors import WeightsError
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

WALL, CAVITY = 1, 2  # classes; 0 is all else
_SETTLED_MM = 5.0
_CHANNELS: Mapping[str, tuple[int, ...]] = {
    "finder": (8, 16, 32, 64),
    "outliner": (16, 32, 64, 96),
}
_CLASSES = {"finder": 2, "outliner": 3}


class NoVentricle(ValueError):
    """Nothing in the image looks like a left ventricle."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """What the networks say of an image, on their own grid.

    Parameters
    ----------
    wall, cavity : (24, 24, 24), share of a voxel, 0 to 1
    """

    wall: Image
    cavity: Image
    grid: Geometry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeartNet:
    """Both networks with their weights."""

    finder: torch.nn.Module
    outliner: torch.nn.Module

    def find(self, image: Image, geometry: Geometry) -> Floats:
        """Middle of the left ventricle, LPS millimetres; NoVentricle where there is none."""
        grid = finding_grid(geometry)
        share = _run(self.finder, found_scale(on_grid(image, geometry, grid)))[1]
        parts, count = label(share > 0.5)
        if count == 0:
            raise NoVentricle("no region of the image looks like a left ventricle")
        mass = np.bincount(parts.ravel(), weights=share.ravel())[1:]
        place = center_of_mass(share, parts, int(mass.argmax()) + 1)
        return grid.index_to_lps(np.array(place))

    def outline(self, image: Image, geometry: Geometry, middle_mm: Floats) -> Outline:
        """Wall and cavity about a place, which is moved once to where the ventricle is."""
        found = self._outlined(image, geometry, middle_mm)
        again = _middle(found)
        if np.linalg.norm(again - middle_mm) > _SETTLED_MM:
            found = self._outlined(image, geometry, again)
        return found

    def _outlined(self, image: Image, geometry: Geometry, middle_mm: Floats) -> Outline:
        return self.outline_at(image, geometry, outline_grid(middle_mm))

    def beside(self, image: Image, geometry: Geometry, found: Outline) -> tuple[Outline, ...]:
        """The same ventricle on grids half a voxel aside, both ways along the diagonal.

        A voxel is larger than half the wall: the mean over grids shows where its faces lie.
        """
        middle = found.grid.index_to_lps((np.array(found.grid.shape) - 1) / 2)
        return tuple(
            self.outline_at(image, geometry, outline_grid(middle + aside))
            for aside in (-OUTLINE_MM / 2, OUTLINE_MM / 2)
        )

    def outline_at(self, image: Image, geometry: Geometry, grid: Geometry) -> Outline:
        """Wall and cavity on a grid that is about the ventricle."""
        shares = _run(self.outliner, outline_scale(on_grid(image, geometry, grid)))
        return Outline(wall=shares[WALL], cavity=shares[CAVITY], grid=grid)


def _middle(found: Outline) -> Floats:
    solid = found.wall + found.cavity
    if float(solid.max()) < 0.5:
        raise NoVentricle("what was taken for a left ventricle has no wall")
    return found.grid.index_to_lps(np.array(center_of_mass(solid * (solid > 0.5))))


def build(name: str) -> torch.nn.Module:
    """Network ``finder`` or ``outliner``, not trained.

    Batch normalisation: its numbers are fixed after training, so that a voxel's class does not
    depend on how much of the field of view is empty.
    """
    channels = _CHANNELS[name]
    net: torch.nn.Module = UNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=_CLASSES[name],
        channels=channels,
        strides=(2,) * (len(channels) - 1),
        num_res_units=1,
        norm="BATCH",
    )
    return net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload, no-any-return]  # torch's stub lacks it


def packed(nets: Mapping[str, torch.nn.Module]) -> bytes:
    """Weights of both networks as one safetensors file in half precision."""
    tensors = {
        f"{name}.{key}": (value.half() if value.is_floating_point() else value).contiguous().cpu()
        for name, net in nets.items()
        for key, value in net.state_dict().items()
    }
    return save(tensors)


def read_net(path: Traversable, sha256: str | None, *, name: str, version: str) -> HeartNet:
    """Both networks with the weights of a file, ready to run.

    Raises
    ------
    WeightsError
        Where the file is absent, or is not the one that the card names.
    """
    try:
        content = path.read_bytes()
    except OSError as cause:
        text = f"the weights {path} cannot be read"
        raise WeightsError(name=name, version=version, cause=text) from cause
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        text = f"SHA-256 of {path} is {found}; the card tells {sha256}"
        raise WeightsError(name=name, version=version, cause=text)
    tensors = load(content)
    return HeartNet(finder=_with(tensors, "finder"), outliner=_with(tensors, "outliner"))


def _with(tensors: Mapping[str, torch.Tensor], name: str) -> torch.nn.Module:
    net = build(name)
    net.load_state_dict(
        {
            key.removeprefix(f"{name}."): value.float() if value.is_floating_point() else value
            for key, value in tensors.items()
            if key.startswith(f"{name}.")
        }
    )
    return net.eval()


def _run(net: torch.nn.Module, image: Image) -> Image:
    """Share of each class, (classes, slices, rows, columns)."""
    given = torch.from_numpy(image)[None, None].to(memory_format=torch.channels_last_3d)
    with torch.inference_mode():
        shares: torch.Tensor = torch.softmax(net(given)[0], dim=0)
    return np.asarray(shares.numpy(), dtype=np.float32)

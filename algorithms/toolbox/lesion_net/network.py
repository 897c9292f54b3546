"""The network itself and its run over a whole body."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from monai.networks.blocks import SubpixelUpsample  # type: ignore[attr-defined]  # as the next one
from monai.networks.nets import UNet  # type: ignore[attr-defined]  # exported at run time
from numpy.typing import NDArray

Image = NDArray[np.float32]
CLASSES = ("background", "physiological", "lesion")
STRIDE = 16  # of the deepest level: sizes are padded to its multiples
# A body of up to so many voxels is one piece (6.5 million are 2.6 m of a large patient); a longer
# one is cut along z, each piece with a halo of more than the network's reach.
PIECE_VOXELS = 6_500_000
HALO = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """What makes a network, as the bundle writes it.

    Parameters
    ----------
    channels : features per level; there are four steps of 2 between five levels
    residual_units : convolutions per level
    """

    channels: tuple[int, ...] = (16, 32, 64, 128, 256)
    residual_units: int = 2


def build(shape: NetworkShape) -> torch.nn.Module:
    """Residual UNet of MONAI with batch normalisation and a subpixel head.

    Batch and not instance normalisation: its numbers are fixed after training, so that a voxel's
    class does not depend on how much air or leg is in the field of view. The head of MONAI's UNet
    convolves three maps at full resolution, which on a CPU is a third of all time; here the scores
    of eight voxels are made at half resolution and shuffled into place.
    """
    net = UNet(
        spatial_dims=3,
        in_channels=2,
        out_channels=len(CLASSES),
        channels=shape.channels,
        strides=(2,) * (len(shape.channels) - 1),
        num_res_units=shape.residual_units,
        norm="BATCH",
        act="RELU",
    )
    # What the level below gives, beside this level's own: its width, unless it is the deepest.
    below = shape.channels[0] if len(shape.channels) > 2 else shape.channels[1]
    features, scores = shape.channels[0] + below, 8 * len(CLASSES)
    down, inner, _ = net.model.children()
    head = SubpixelUpsample(
        spatial_dims=3,
        in_channels=features,
        out_channels=len(CLASSES),
        scale_factor=2,
        conv_block=torch.nn.Conv3d(features, scores, kernel_size=1),
        apply_pad_pool=False,
    )
    net.model = torch.nn.Sequential(down, inner, head)
    made: torch.nn.Module = net
    return made


def ready(net: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    """The network on a device, its weights in the order that is fastest there."""
    return net.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload, no-any-return]  # torch's stub lacks it


def best_device() -> torch.device:
    """CUDA where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def autocast(device: torch.device) -> torch.autocast:
    """Half precision where the device computes it natively, else single."""
    native = device.type == "cuda"
    if device.type == "cpu":  # torch tells it by a private name only
        native = bool(getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)())
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=native)


def probabilities(net: torch.nn.Module, inputs: Image, device: torch.device) -> Image:
    """Probability of each class in each voxel, (classes, slices, rows, columns).

    Parameters
    ----------
    inputs : (2, slices, rows, columns), see `grid.channels`
    """
    _, slices, rows, columns = inputs.shape
    thickness = max(STRIDE, PIECE_VOXELS // (rows * columns))
    if slices <= thickness:
        return _of_piece(net, inputs, device)
    step = max(STRIDE, (thickness - 2 * HALO) // STRIDE * STRIDE)
    pieces: list[Image] = []
    for start in range(0, slices, step):
        stop = min(start + step, slices)
        low, high = max(0, start - HALO), min(slices, stop + HALO)
        piece = _of_piece(net, inputs[:, low:high], device)
        pieces.append(piece[:, start - low : stop - low])
    return np.concatenate(pieces, axis=1)


def _of_piece(net: torch.nn.Module, inputs: Image, device: torch.device) -> Image:
    sizes = inputs.shape[1:]
    padded = np.pad(inputs, [(0, 0), *((0, -size % STRIDE) for size in sizes)])
    net.eval()
    with torch.inference_mode(), autocast(device):
        batch = torch.from_numpy(padded)[None].to(device)
        batch = batch.contiguous(memory_format=torch.channels_last_3d)
        scores = net(batch).float().softmax(dim=1)[0]
    found = scores[:, : sizes[0], : sizes[1], : sizes[2]].cpu().numpy()
    return np.asarray(found, dtype=np.float32)


def parameter_count(net: torch.nn.Module) -> int:
    """Number of trained values."""
    return sum(p.numel() for p in net.parameters())


def as_shape(channels: Sequence[int], residual_units: int) -> NetworkShape:
    """Shape out of a bundle's numbers."""
    return NetworkShape(channels=tuple(int(c) for c in channels), residual_units=residual_units)

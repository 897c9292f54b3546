"""Weights on disk: MONAI bundle layout with safetensors in half precision, never pickle.

<folder>/configs/metadata.json     what the network takes and gives
<folder>/configs/inference.json    how it is built and run
<folder>/models/model.safetensors  weights, float16; statistics of normalisation, float32; and the
                                   judge of candidates, float64
<folder>/docs/README.md            model card
<folder>/SHA256SUMS                of every other file
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from algorithms.toolbox.lesion_net.grid import SPACING_MM
from algorithms.toolbox.lesion_net.judge import PREFIX, Judge, judge_of
from algorithms.toolbox.lesion_net.layout import (
    CARD,
    INFERENCE,
    METADATA,
    SUMS,
    WEIGHTS,
    sha256_of,
    verified,
)
from algorithms.toolbox.lesion_net.network import CLASSES, NetworkShape, as_shape, build, ready
from dicom_node.domain.errors import ConfigError

MOST_BYTES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A network with its weights, and what is known of them.

    Parameters
    ----------
    judge : of its candidates, or None
    sha256 : of the weights' file
    metadata : `configs/metadata.json`
    """

    net: torch.nn.Module
    judge: Judge | None
    sha256: str
    metadata: Mapping[str, object]


def save_bundle(
    folder: Path,
    net: torch.nn.Module,
    shape: NetworkShape,
    *,
    name: str,
    version: str,
    card: str,
    facts: Mapping[str, object],
    judge: Judge | None = None,
) -> str:
    """Write a bundle; files of the same name are replaced.

    Parameters
    ----------
    card : text of the model card; its first line tells the training data
    facts : of the training, kept in the metadata

    Returns
    -------
    SHA-256 of the weights.

    Raises
    ------
    ConfigError
        Where the weights are larger than a bundle may be, or some are no numbers.
    """
    for part in ("configs", "models", "docs"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    judged = {} if judge is None else judge.tensors()
    stored = _stored(net)
    _require_numbers(folder, stored)
    save_file({**stored, **judged}, folder / WEIGHTS)
    size = (folder / WEIGHTS).stat().st_size
    if size > MOST_BYTES:
        raise ConfigError(
            file=str(folder / WEIGHTS),
            key="size",
            value=size,
            allowed=f"at most {MOST_BYTES} bytes; use fewer channels",
        )
    metadata = {**_metadata(name, version), "training": dict(facts)}
    _write_json(folder / METADATA, metadata)
    _write_json(folder / INFERENCE, _inference(shape))
    write_card(folder, card)
    return sha256_of(folder / WEIGHTS)


def write_card(folder: Path, card: str) -> None:
    """Replace the card, and write the sums anew."""
    (folder / CARD).write_text(card, encoding="utf-8")
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != SUMS
    )
    lines = [f"{sha256_of(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def load_bundle(folder: Path, device: torch.device) -> Bundle:
    """Network with its weights, in single precision, ready to run.

    Raises
    ------
    ConfigError
        Where a file is missing or is not the one that the sums tell, or weights are no numbers.
    """
    sums = verified(folder)
    inference = json.loads((folder / INFERENCE).read_text(encoding="utf-8"))["network_def"]
    net = build(as_shape(inference["channels"], inference["num_res_units"]))
    tensors = load_file(folder / WEIGHTS)
    _require_numbers(folder, tensors)
    weights = {
        key: value.float() if value.is_floating_point() else value
        for key, value in tensors.items()
        if not key.startswith(PREFIX)
    }
    net.load_state_dict(weights)
    net = ready(net, device).eval()
    metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    return Bundle(net=net, judge=_judge(folder, tensors), sha256=sums[WEIGHTS], metadata=metadata)


def _require_numbers(folder: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """An infinite variance would silence its channel, and nothing else would tell."""
    odd = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
    if odd:
        raise ConfigError(
            file=str(folder / WEIGHTS),
            key="weights",
            value=", ".join(sorted(odd)),
            allowed="finite numbers only",
        )


def _judge(folder: Path, tensors: Mapping[str, torch.Tensor]) -> Judge | None:
    try:
        return judge_of(tensors)
    except KeyError as cause:
        raise ConfigError(
            file=str(folder / WEIGHTS),
            key="features of the judge",
            value=cause.args[0],
            allowed="those of this version of the node; train the bundle anew",
        ) from cause


def _stored(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Weights in half precision; statistics of batch normalisation and counters as they are.

    Before a normalisation the scale of features is free, and training lets it grow: variances of
    3e8 were found, and half precision ends at 65,504.
    """
    kept = {name for name, _ in net.named_buffers()}
    return {
        key: (value if key in kept else value.half()).contiguous().cpu()
        for key, value in net.state_dict().items()
    }


def _inference(shape: NetworkShape) -> dict[str, object]:
    """How the network is built and run."""
    return {
        "network_def": {
            "_target_": "algorithms.toolbox.lesion_net.network.build",
            "channels": list(shape.channels),
            "num_res_units": shape.residual_units,
        },
        "inferer": "whole body crop in one piece, no sliding window",
    }


def _metadata(name: str, version: str) -> dict[str, object]:
    return {
        "name": name,
        "version": version,
        "monai_version": "1.6",
        "pytorch_version": torch.__version__.split("+")[0],
        "task": "lesions apart from physiological uptake",
        "data_type": "PET in SUVbw (g/ml), CT in Hounsfield units or absent",
        "network_data_format": {
            "inputs": {
                "channels": ["log(1 + SUVbw) / 2", "(HU + 1000) / 1000, 0 without CT"],
                "spacing_mm": [SPACING_MM] * 3,
                "orientation": "index (z, y, x): z to the head, y to the back, x to the left",
                "origin": "corner of the body, 12 mm outside",
            },
            "outputs": {"channels": dict(enumerate(CLASSES))},
        },
    }


def _write_json(path: Path, value: Mapping[str, object]) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")

"""One whole body through a lesion network: torch as the node runs it, ONNX Runtime, OpenVINO.

Simulates a patient, brings it to the network's grid, exports the network to ONNX in a temporary
folder and runs all runtimes on the same input in turn. Writes best and median times, the ratio to
torch as the node runs it, and how well each agrees with plain torch in single precision: the
largest difference of a probability and the Dice of the lesions. Without a bundle the weights are
random, which is as fast and agrees worst. A runtime that is not installed is named and left out:
`pip install -r scripts/requirements-inference.txt`.
"""

import argparse
import copy
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.evaluation.scores import dice
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net.bundle import load_bundle
from algorithms.toolbox.lesion_net.grid import body_grid, channels, to_grid
from algorithms.toolbox.lesion_net.network import (
    CLASSES,
    STRIDE,
    NetworkShape,
    build,
    probabilities,
    ready,
)
from algorithms.training.examples import geometry_of

Floats = NDArray[np.float32]
Runtime = Callable[[Floats], Floats]
CPU = torch.device("cpu")
NODE, PLAIN = "torch, as the node runs it", "torch, single precision"


def main() -> None:
    """Measure and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, help="of `scripts/train`; random weights without")
    parser.add_argument("--family", choices=("fdg", "psma"), default="fdg")
    parser.add_argument("--patient", type=int, default=3_000_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    net = load_bundle(given.bundle, CPU).net if given.bundle else _random_weights()
    inputs = body_of(given.family, given.patient)
    size = " x ".join(str(n) for n in inputs.shape[1:])
    sys.stdout.write(f"body of {size} voxels of 4 mm, {given.threads} threads\n\n")
    with tempfile.TemporaryDirectory() as folder:
        runtimes = _runtimes(net, inputs, Path(folder), given.threads)
        for line in measured(runtimes, inputs, given.repeats):
            sys.stdout.write(f"{line}\n")


def body_of(family: str, seed: int) -> Floats:
    """A simulated patient as the network takes it, padded to its stride: (2, z, y, x)."""
    found = scan(draw_patient(world(family, "held-out"), seed))
    geometry = geometry_of(found)
    grid = body_grid(found.suv, geometry)
    inputs = channels(
        to_grid(found.suv, geometry, grid, outside=0.0),
        to_grid(found.hounsfield, geometry, grid, outside=-1000.0),
    )
    return np.pad(inputs, [(0, 0), *((0, -n % STRIDE) for n in inputs.shape[1:])])


def measured(runtimes: Mapping[str, Runtime], inputs: Floats, repeats: int) -> list[str]:
    """Table of the runtimes, after one round to warm up."""
    answers = {name: run(inputs) for name, run in runtimes.items()}
    times: dict[str, list[float]] = {name: [] for name in runtimes}
    for _ in range(repeats):
        for name, run in runtimes.items():
            start = perf_counter()
            run(inputs)
            times[name].append(perf_counter() - start)
    ours, exact = times[NODE], answers[PLAIN]
    lines = ["| runtime | best s | median s | time, to the node's | largest difference | Dice |"]
    lines.append("|---|---|---|---|---|---|")
    for name, of_one in times.items():
        ratio = median(of_one) / median(ours)
        apart = float(np.abs(answers[name] - exact).max())
        same = dice(_lesions(answers[name]), _lesions(exact))
        lines.append(
            f"| {name} | {min(of_one):.2f} | {median(of_one):.2f} | {ratio:.2f} | {apart:.1e} "
            f"| {same:.4f} |"
        )
    return lines


def _lesions(shares: Floats) -> NDArray[np.bool_]:
    return np.asarray(shares.argmax(axis=0) == CLASSES.index("lesion"))


def _runtimes(
    net: torch.nn.Module, inputs: Floats, folder: Path, threads: int
) -> Mapping[str, Runtime]:
    """The runtimes that are installed; the first is the one of the node."""
    plain = copy.deepcopy(net).to(memory_format=torch.contiguous_format).eval()
    runtimes: dict[str, Runtime] = {NODE: lambda inputs: probabilities(net, inputs, CPU)}
    runtimes[PLAIN] = _plain(plain)
    if find_spec("onnxscript") is None:
        sys.stdout.write("onnxscript is not installed: ONNX Runtime and OpenVINO are left out\n")
        return runtimes
    model = _exported(plain, inputs, folder / "net.onnx")
    for name, package, open_ in (
        ("ONNX Runtime", "onnxruntime", _onnx_runtime),
        ("OpenVINO", "openvino", _openvino),
    ):
        if find_spec(package) is None:
            sys.stdout.write(f"{package} is not installed: {name} is left out\n")
        else:
            runtimes[name] = open_(model, threads)
    return runtimes


def _plain(net: torch.nn.Module) -> Runtime:
    """Single precision and the usual order of channels: what the others are compared with."""

    def run(inputs: Floats) -> Floats:
        with torch.inference_mode():
            found = net(torch.from_numpy(inputs)[None]).softmax(dim=1)[0]
        return np.asarray(found.numpy(), dtype=np.float32)

    return run


def _random_weights() -> torch.nn.Module:
    torch.manual_seed(0)
    return ready(build(NetworkShape()), CPU)


def _exported(net: torch.nn.Module, inputs: Floats, path: Path) -> Path:
    """The network with its softmax as ONNX, for this size of body."""
    whole = torch.nn.Sequential(net, torch.nn.Softmax(dim=1)).eval()
    sample = (torch.from_numpy(inputs)[None],)
    torch.onnx.export(whole, sample, str(path), dynamo=True, external_data=False, verbose=False)
    return path


def _onnx_runtime(model: Path, threads: int) -> Runtime:
    onnxruntime = import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda inputs: np.asarray(session.run(None, {name: inputs[None]})[0][0])


def _openvino(model: Path, threads: int) -> Runtime:
    openvino = import_module("openvino")
    wanted = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(model), "CPU", wanted)
    return lambda inputs: np.array(compiled(inputs[None])[0][0])


if __name__ == "__main__":
    main()

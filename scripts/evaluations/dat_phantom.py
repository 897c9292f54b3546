"""The known ratio of the published DaT phantom through dat-spect, beside the recovery of our heads.

The phantom is a head that is not ours: striatum to background 8 to 1. It is taken as simulated
heads are (resolution, counts, filter; nothing is projected), and SBR over 7 should lie within what
simulated heads recover at the same resolutions. Its skin and face are as bright as its brain, which
no patient's are: they are made half as bright, and once left as they are.
"""

import argparse
from pathlib import Path

import numpy as np
from dat_cohort import volume_of_image

from algorithms.dat_spect import SPEC
from algorithms.dat_spect.algorithm import DatSpect
from algorithms.dat_spect.regions import MEASURED
from algorithms.simulation.brain_scan import Taken, camera_grid, take
from algorithms.simulation.dat_phantom import RATIO, DatPhantom, read_phantom
from algorithms.toolbox.striatum import Side
from dicom_node.domain.errors import InputRejected

_DATA = Path("../shared/data/spect-phantoms/DaT_phantom.zip")
_OUTSIDE = 0.5
# The ends and the middle of the first world's camera.
_CAMERAS = ((7.0, 4.0), (8.0, 4.5), (9.0, 5.0))
_COUNTS_PER_ML = 560.0


def main() -> None:
    """Print the recovered share of the known ratio for three cameras."""
    parser = argparse.ArgumentParser(prog="evaluate dat-phantom", description=__doc__)
    parser.add_argument("--phantom", type=Path, default=_DATA, help="DaT_phantom.zip")
    given = parser.parse_args()
    algorithm = SPEC.load()
    assert isinstance(algorithm, DatSpect)
    phantom = read_phantom(given.phantom, outside=_OUTSIDE)
    print(f"striatum {phantom.striatum_ml:.1f} ml a side, SBR {RATIO - 1:g}; recovered, percent")
    print("  ".join(["FWHM", *(f"{nucleus} {side}" for nucleus, side in MEASURED), "total l, r"]))
    for camera in _CAMERAS:
        _tell(algorithm, phantom, *camera)
    print("skin and face as bright as brain:")
    _tell(algorithm, read_phantom(given.phantom), *_CAMERAS[1])


def _tell(algorithm: DatSpect, phantom: DatPhantom, resolution: float, smoothing: float) -> None:
    grid = camera_grid(matrix=72, pixel_mm=3.3, slices=64, slice_mm=3.3)
    taken = Taken(resolution_mm=resolution, filter_mm=smoothing, counts_per_ml=_COUNTS_PER_ML)
    image = take(phantom.activity, phantom.geometry, grid, taken, np.random.default_rng(1))
    width = f"{np.hypot(resolution, smoothing):.1f} mm"
    try:
        found = algorithm.measured(volume_of_image(image, grid)).ratios
    except InputRejected as refusal:
        print(f"{width}  refused: {refusal}")
        return
    by_region = [found.binding[part] for part in MEASURED]
    # The method divides by one volume of the striatum for everybody; this phantom's is known.
    volume = algorithm.parameters.striatum_ml / phantom.striatum_ml
    by_total = [found.total_counts[side] * volume for side in Side]
    shown = (f"{100 * value / (RATIO - 1):.0f}" for value in (*by_region, *by_total))
    print("  ".join([width, *shown]))


if __name__ == "__main__":
    main()

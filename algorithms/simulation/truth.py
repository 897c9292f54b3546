"""What was put into a simulated study, as JSON for tests, evaluation and training."""

import json
from collections.abc import Mapping
from pathlib import Path

from algorithms.simulation.anatomy import Finding, Phantom, Probe
from algorithms.simulation.tissues import ATTENUATION, Tissue


def write_truth(
    path: Path, phantom: Phantom, uptake: Mapping[Tissue, float], study: Mapping[str, object]
) -> Path:
    """Write findings, organ values and the facts of the study.

    Places are LPS millimetres in the frame of reference of the study, uptake is SUVbw, radii are
    those of balls.

    Parameters
    ----------
    path : the file to write
    study : further facts, put first

    Returns
    -------
    The path that was written.
    """
    truth = {
        **study,
        "findings": [_finding(found) for found in phantom.findings],
        "organs": [_organ(probe, uptake) for probe in phantom.probes],
        "suvbw_of_tissues": {tissue.value: value for tissue, value in uptake.items()},
    }
    path.write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path


def _finding(found: Finding) -> dict[str, object]:
    return {
        "name": found.name,
        "centre_mm": found.centre_mm,
        "radius_mm": found.radius_mm,
        "volume_ml": found.volume_ml,
        "suvbw": found.suv,
    }


def _organ(probe: Probe, uptake: Mapping[Tissue, float]) -> dict[str, object]:
    """A ball inside an organ in which its values hold."""
    return {
        "name": probe.tissue.value,
        "centre_mm": probe.centre_mm,
        "radius_mm": probe.radius_mm,
        "suvbw": uptake[probe.tissue],
        "hounsfield": ATTENUATION[probe.tissue].hounsfield,
    }

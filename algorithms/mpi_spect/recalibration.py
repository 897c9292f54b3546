"""Normal limits of a site from its own scans: what `dicom-node normals mpi-spect` runs."""

from collections.abc import Iterable
from pathlib import Path

from algorithms.mpi_spect import SPEC
from algorithms.mpi_spect.algorithm import MpiSpect
from algorithms.mpi_spect.limits import LEAST_SUBJECTS, Floats, fit_limits, to_json
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.volume import Volume


def make_normals(volumes: Iterable[Volume], *, name: str, out: Path) -> tuple[str, ...]:
    """Write limits of scans, one per person and state; a sentence for each that was refused.

    Raises
    ------
    InputRejected
        Fewer than ten scans of one state can be measured; nothing is written.
    """
    algorithm = SPEC.load()
    assert isinstance(algorithm, MpiSpect)
    maps: dict[str, list[Floats]] = {"stress": [], "rest": []}
    refused: list[str] = []
    for volume in volumes:
        told = f"series {volume.key.series_instance_uid}"
        try:
            found = algorithm.measured(volume, with_function=False)
        except InputRejected as cause:
            refused.append(f"{told}: {cause}")
            continue
        if found.state not in maps:
            refused.append(f"{told}: the header does not tell rest or stress")
            continue
        maps[found.state].append(found.polar)
    counted = ", ".join(f"{len(of)} of {state}" for state, of in maps.items())
    if max(len(of) for of in maps.values()) < LEAST_SUBJECTS:
        raise InputRejected(
            f"{counted} can be used; normal limits of a state need at least {LEAST_SUBJECTS} scans"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(to_json(fit_limits(name, maps)), encoding="utf-8")
    left = [s for s, of in maps.items() if len(of) < LEAST_SUBJECTS]
    refused += [f"no limits of {state}: {len(maps[state])} scans" for state in left]
    return tuple(refused)

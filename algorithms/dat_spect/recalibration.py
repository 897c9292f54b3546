"""Normals of a site from its own scans: what `dicom-node normals dat-spect` runs."""

from collections.abc import Iterable
from pathlib import Path

from algorithms.dat_spect import SPEC
from algorithms.dat_spect.algorithm import DatSpect
from algorithms.dat_spect.normals import LEAST_SUBJECTS, fit_normals, to_json
from algorithms.dat_spect.ratios import Ratios
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.volume import Volume


def make_normals(volumes: Iterable[Volume], *, name: str, out: Path) -> tuple[str, ...]:
    """Write normals of scans, one per person; gives a sentence for each that was refused.

    Normals hold for one tracer: that of the first scan, and scans of another are refused.

    Raises
    ------
    InputRejected
        Fewer than ten scans can be measured; nothing is written.
    """
    algorithm = SPEC.load()
    assert isinstance(algorithm, DatSpect)
    scans: list[tuple[Ratios, float | None]] = []
    refused: list[str] = []
    tracer = ""
    for volume in volumes:
        age = None if volume.patient is None else volume.patient.age_years
        try:
            _require_same(volume, tracer)
            scans.append((algorithm.measured(volume).ratios, age))
            tracer = volume.tracer.tracer or ""
        except InputRejected as cause:
            refused.append(f"series {volume.key.series_instance_uid}: {cause}")
    if len(scans) < LEAST_SUBJECTS:
        raise InputRejected(
            f"{len(scans)} scans can be used; normals need at least {LEAST_SUBJECTS}, and an age "
            "spread of 8 years or more for a correction by age"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(to_json(fit_normals(name, tracer, scans)), encoding="utf-8")
    return tuple(refused)


def _require_same(volume: Volume, tracer: str) -> None:
    if tracer and volume.tracer.tracer != tracer:
        raise InputRejected(
            f"its tracer is {volume.tracer.tracer}, the first scan has {tracer}; normals are "
            "of one tracer"
        )

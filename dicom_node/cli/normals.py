"""`dicom-node normals`: reference ranges of an algorithm from a site's own normal scans."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dicom_node.cli.explain import read_with_progress
from dicom_node.cli.json_forms import Json
from dicom_node.cli.options import print_json
from dicom_node.domain.algorithm import InputSpec
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.series import Series
from dicom_node.domain.volume import Volume
from dicom_node.policy.assembly import why_no_volume
from dicom_node.policy.routing import why_barred
from dicom_node.reading.series import ReadSeries
from dicom_node.reading.volume import read_volume
from dicom_node.registry import load_normals_maker, load_registry
from dicom_node.settings import read_settings

Person = tuple[str, str | None]


def make_normals(
    algorithm: str, path: Path, config: Path, *, name: str, out: Path, as_json: bool
) -> None:
    """Write the ranges of every scan below a path that suits the algorithm, one per patient."""
    maker = load_normals_maker(algorithm)
    wanted = load_registry().spec(algorithm).primary
    reads = read_with_progress(path, read_settings(config)).series
    left_out: list[str] = []
    volumes = _volumes(reads, wanted, left_out)
    refused = maker(volumes, name=name, out=out)
    left_out += refused
    told: list[Json] = list(left_out)
    if as_json:
        print_json({"algorithm": algorithm, "name": name, "file": str(out), "left_out": told})
        return
    for reason in left_out:
        print(f"left out: {reason}")
    print(f"normals of {algorithm}, {name!r}: {out}")


def _volumes(
    reads: Sequence[ReadSeries], wanted: InputSpec, left_out: list[str]
) -> Iterator[Volume]:
    """Volumes one after the other, so that a hundred scans need the memory of one."""
    patients: set[Person] = set()
    for read in reads:
        try:
            _require_fit(read, wanted, patients)
            volume = read_volume(read, wanted.unit, gated=wanted.gated)
        except InputRejected as cause:
            left_out.append(f"series {read.series.key.series_instance_uid}: {cause}")
            continue
        patients.add(_person(read.series))
        yield volume


def _person(series: Series) -> Person:
    """Who was scanned, at rest or at stress: one scan of each counts."""
    return series.patient_digest, series.exam.phase


def _require_fit(read: ReadSeries, wanted: InputSpec, patients: set[Person]) -> None:
    series = read.series
    flaw = why_barred(series) or why_no_volume(series)
    if flaw is not None:
        raise InputRejected(flaw.message)
    if series.modality not in wanted.modalities:
        raise InputRejected(f"{series.modality}, wanted is {' or '.join(wanted.modalities)}")
    if wanted.tracers and series.tracer.tracer not in wanted.tracers:
        raise InputRejected(
            f"tracer {series.tracer.tracer}, wanted is {' or '.join(wanted.tracers)}"
        )
    if _person(series) in patients:
        raise InputRejected("another scan of the same patient is already among the normals")

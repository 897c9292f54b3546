"""`dicom-node simulate`: a made-up study as DICOM files."""

from pathlib import Path

from dicom_node.cli.json_forms import Json
from dicom_node.cli.options import print_json
from dicom_node.registry import load_simulation


def simulate_study(name: str, *, out: Path, seed: int, as_json: bool) -> None:
    """Write a study; the same seed gives the same study."""
    files: list[Json] = [str(path) for path in sorted(load_simulation(name)(out, seed=seed).files)]
    if as_json:
        print_json({"study": name, "seed": seed, "out": str(out), "files": files})
    else:
        print(f"{name}, seed {seed}: {len(files)} files in {out}")

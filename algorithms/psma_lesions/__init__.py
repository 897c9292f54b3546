"""PSMA lesions of a whole body: the light specification that the registry reads."""

from importlib.resources import files
from pathlib import Path

from algorithms.toolbox.card import FILE_NAME, read_card
from algorithms.toolbox.lesion_net.specification import LesionPackage
from dicom_node.domain.algorithm import Algorithm, AlgorithmCard, ContourAlgorithm, InputSpec
from dicom_node.domain.coding import Unit

TRACERS = ("PSMA-11", "PSMA-617", "DCFPYL", "PSMA-1007", "RHPSMA-7.3")


def _load_contoured() -> ContourAlgorithm:
    """What measures the contours of others; no network is loaded."""
    from algorithms.psma_lesions.measured import measured  # noqa: PLC0415 - as below
    from algorithms.toolbox.lesion_run import DrawnRun  # noqa: PLC0415 - as below

    return DrawnRun(name="psma-lesions", measure=measured)


def _load_bundle(card: AlgorithmCard, folder: Path) -> Algorithm:
    """The algorithm with the network of a bundle; torch is loaded here and not before."""
    from algorithms.psma_lesions.measured import measured  # noqa: PLC0415 - as told
    from algorithms.toolbox.lesion_run import NetworkRun  # noqa: PLC0415 - as told

    return NetworkRun.of_bundle(card, folder, measured)


# Read at import because an entry point names a value; small files and the sums of the bundle, and
# what is wrong with them must fail `check`, not a patient's job.
SPEC = LesionPackage(
    card=read_card(files(__name__) / FILE_NAME),
    inputs=(
        InputSpec(role="pet", modalities=("PT",), unit=Unit.SUVBW, tracers=TRACERS),
        InputSpec(role="ct", modalities=("CT",), unit=Unit.HOUNSFIELD, required=False),
    ),
    load_bundle=_load_bundle,
    load_contoured=_load_contoured,
    folder=Path(__file__).parent,
).spec()

"""Myocardial perfusion SPECT: the light specification that the registry reads.

A site's own normal limits, made by `dicom-node normals mpi-spect`, are used where the environment
variable DICOM_NODE_MPI_NORMALS names their file. They change numbers, so they are part of the
version that results carry.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from algorithms.toolbox.card import FILE_NAME, read_card
from algorithms.toolbox.site_normals import card_with_normals, own_normals
from dicom_node.domain.algorithm import Algorithm, AlgorithmSpec, InputSpec

NORMALS_VARIABLE = "DICOM_NODE_MPI_NORMALS"
TRACERS = ("SESTAMIBI", "TETROFOSMIN", "THALLIUM")
WEIGHTS, NORMALS, VESSELS = "weights.safetensors", "normals.json", "vessels.json"


def load() -> Algorithm:
    """The algorithm, ready to run; here and not before torch, SciPy and matplotlib load."""
    from algorithms.mpi_spect.algorithm import MpiSpect  # noqa: PLC0415 - see above

    return MpiSpect.make(read_card(files(__name__) / FILE_NAME), files(__name__), normals_file())


def normals_file() -> Traversable:
    """The file of normal limits in use: the site's, or the simulated ones that are shipped."""
    own = own_normals(NORMALS_VARIABLE)
    return Path(own) if own else files(__name__) / NORMALS


# Read at import because an entry point names a value; one small file, and a wrong card must fail
# `check`, not a patient's job.
SPEC = AlgorithmSpec(
    card=card_with_normals(
        read_card(files(__name__) / FILE_NAME), NORMALS_VARIABLE, "the normal limits are"
    ),
    inputs=(
        InputSpec(role="spect", modalities=("NM",), tracers=TRACERS, gated=True),
        InputSpec(
            role="rest",
            modalities=("NM",),
            tracers=TRACERS,
            gated=True,
            phase="rest",
            required=False,
        ),
    ),
    load=load,
    time_limit_s=120.0,
    memory_limit_mib=4096,
)

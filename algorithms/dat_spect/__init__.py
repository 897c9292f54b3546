"""Dopamine transporter SPECT: the light specification that the registry reads.

A site's own normals, made by `dicom-node normals dat-spect`, are used where the environment
variable DICOM_NODE_DAT_NORMALS names their file. They change numbers, so they are part of the
version that results carry.
"""

import hashlib
import os
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from algorithms.toolbox.card import FILE_NAME, read_card
from dicom_node.domain.algorithm import Algorithm, AlgorithmCard, AlgorithmSpec, InputSpec
from dicom_node.domain.errors import ConfigError

NORMALS_VARIABLE = "DICOM_NODE_DAT_NORMALS"


def load() -> Algorithm:
    """The algorithm, ready to run; here and not before SciPy, SimpleITK and matplotlib load."""
    from algorithms.dat_spect.algorithm import DatSpect  # noqa: PLC0415 - see above
    from algorithms.dat_spect.normals import read_normals  # noqa: PLC0415 - as above

    return DatSpect.make(read_card(files(__name__) / FILE_NAME), read_normals(normals_file()))


def normals_file() -> Traversable:
    """The file of normals in use: the site's, or the simulated ones that are shipped."""
    own = os.environ.get(NORMALS_VARIABLE)
    return Path(own) if own else files(__name__) / "normals.json"


def _card() -> AlgorithmCard:
    """Card with the normals in its version where they are the site's own."""
    card = read_card(files(__name__) / FILE_NAME)
    own = os.environ.get(NORMALS_VARIABLE)
    if not own:
        return card
    try:
        digest = hashlib.sha256(Path(own).read_bytes()).hexdigest()
    except OSError as cause:
        raise ConfigError(
            file=own, key=NORMALS_VARIABLE, value=own, allowed="a readable file of normals"
        ) from cause
    return replace(
        card,
        version=f"{card.version}+normals.{digest[:12]}",
        training_data="none (deterministic); the reference range is the site's own",
    )


# Read at import because an entry point names a value; one small file, and a wrong card must fail
# `check`, not a patient's job.
SPEC = AlgorithmSpec(
    card=_card(),
    inputs=(InputSpec(role="spect", modalities=("NM",), tracers=("IOFLUPANE",)),),
    load=load,
    time_limit_s=120.0,
    memory_limit_mib=4096,
)

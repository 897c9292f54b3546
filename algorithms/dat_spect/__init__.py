"""Dopamine transporter SPECT: the light specification that the registry reads.

A site's own normals, made by `dicom-node normals dat-spect`, are used for their tracer where the
environment variable DICOM_NODE_DAT_NORMALS names their file. They change numbers, so they are part
of the version that results carry. Those that are shipped are of ioflupane alone.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from algorithms.toolbox.card import FILE_NAME, read_card
from algorithms.toolbox.site_normals import card_with_normals, own_normals
from dicom_node.domain.algorithm import Algorithm, AlgorithmSpec, InputSpec

NORMALS_VARIABLE = "DICOM_NODE_DAT_NORMALS"
TRACERS = ("IOFLUPANE", "TRODAT")
NORMALS, CLASSIFIER = "normals.json", "classifier.json"


def load() -> Algorithm:
    """The algorithm, ready to run; here and not before SciPy, SimpleITK and matplotlib load."""
    from algorithms.dat_spect.algorithm import DatSpect  # noqa: PLC0415 - see above
    from algorithms.dat_spect.classifier import read_classifier  # noqa: PLC0415 - as above
    from algorithms.dat_spect.normals import read_normals  # noqa: PLC0415 - as above

    card = read_card(files(__name__) / FILE_NAME)
    classifier = read_classifier(files(__name__) / CLASSIFIER, card)
    tables = [read_normals(path) for path in (files(__name__) / NORMALS, normals_file())]
    return DatSpect.make(card, {one.tracer: one for one in tables}, classifier)


def normals_file() -> Traversable:
    """The file of normals in use: the site's, or the simulated ones that are shipped."""
    own = own_normals(NORMALS_VARIABLE)
    return Path(own) if own else files(__name__) / NORMALS


# Read at import because an entry point names a value; one small file, and a wrong card must fail
# `check`, not a patient's job.
SPEC = AlgorithmSpec(
    card=card_with_normals(
        read_card(files(__name__) / FILE_NAME), NORMALS_VARIABLE, "the reference range is"
    ),
    inputs=(InputSpec(role="spect", modalities=("NM",), tracers=TRACERS),),
    load=load,
    time_limit_s=120.0,
    memory_limit_mib=4096,
)

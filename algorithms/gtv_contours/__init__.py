"""Contours of a hot spot by five methods: the light specification that the registry reads."""

from importlib.resources import files

from algorithms.toolbox.card import FILE_NAME, read_card
from dicom_node.domain.algorithm import Algorithm, AlgorithmSpec, InputSpec
from dicom_node.domain.coding import Unit


def load() -> Algorithm:
    """The algorithm, ready to run; here and not before SciPy, SimpleITK and matplotlib load."""
    from algorithms.gtv_contours.algorithm import GtvContours  # noqa: PLC0415 - see above

    return GtvContours.from_card(SPEC.card)


# Read at import because an entry point names a value; one small file, and a wrong card must fail
# `check`, not a patient's job.
SPEC = AlgorithmSpec(
    card=read_card(files(__name__) / FILE_NAME),
    inputs=(InputSpec(role="pet", modalities=("PT",), unit=Unit.SUVBW),),
    load=load,
    time_limit_s=300.0,
    memory_limit_mib=4096,
)

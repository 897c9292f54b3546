"""Verification SCU: whether a destination answers C-ECHO, and if not, why."""

import time
from dataclasses import dataclass

from pynetdicom.presentation import build_context

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.network.presentation_contexts import VERIFICATION
from dicom_node.network.requestor import association_with
from dicom_node.network.web_archive import reachable


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoReport:
    """What a destination answered to C-ECHO.

    Parameters
    ----------
    cause : str
        Why it is not reachable; empty where it is.
    seconds : float
        From the call to the answer, or to giving up.
    """

    reachable: bool
    cause: str
    seconds: float


def echo(destination: Destination) -> EchoReport:
    """Try a destination with C-ECHO (PS3.4 Annex A); never raises for trouble of the network.

    One that is reached by DICOMweb is asked by QIDO-RS for a study that nobody has.
    """
    began_at = time.monotonic()
    try:
        cause = _echo(destination) if destination.web is None else _ask(destination)
    except DeliveryFailed as failure:
        cause = failure.cause
    return EchoReport(reachable=not cause, cause=cause, seconds=time.monotonic() - began_at)


def _ask(destination: Destination) -> str:
    reachable(destination)
    return ""


def _echo(destination: Destination) -> str:
    """Why the answer is no success; empty where it is one."""
    with association_with(destination, [build_context(VERIFICATION)]) as association:
        status = association.send_c_echo().get("Status")
    if status is None:
        return f"no answer to C-ECHO within {destination.timeout_s:g} s"
    return "" if status == 0x0000 else f"C-ECHO was answered with status 0x{status:04X}"

"""The log tells what went wrong and where, and never quotes what a data set holds."""

import subprocess
import sys

import pytest

SECRET = "Zymurgist^Quintessa"

CASES = {
    "a value that pydicom finds wrong": f"""
from pydicom import dcmread
from pydicom.dataset import Dataset
from io import BytesIO
import pydicom
one = Dataset()
pydicom.config.settings.writing_validation_mode = 0
one.add_new(0x00100030, "DA", "{SECRET}")
one.add_new(0x00100020, "UI", "{SECRET}")
file = BytesIO()
one.save_as(file, implicit_vr=False, little_endian=True)
file.seek(0)
read = dcmread(file, force=True)
print(len(str(read.PatientBirthDate)))
log.info("read")
""",
    "an exception of a library": f"""
try:
    float("{SECRET}")
except ValueError:
    log.exception("loop.error", loop="sender")
""",
    "an exception that is handed in": f"""
log.error("failed", exc_info=KeyError("{SECRET}"))
""",
}


def logged(code: str, *, as_json: bool) -> str:
    """What a process prints that logs as the node does."""
    setup = (
        "import structlog\n"
        "from dicom_node.logs import LogLevel, configure_logging\n"
        f"configure_logging(as_json={as_json}, level=LogLevel.DEBUG)\n"
        "log = structlog.get_logger('test')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", setup + code],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_is_quoted(case: str, as_json: bool) -> None:
    told = logged(CASES[case], as_json=as_json)
    assert told
    assert SECRET not in told
    assert "Zymurgist" not in told


def test_an_exception_is_told_by_its_frames_and_type_and_ours_by_its_message() -> None:
    told = logged(CASES["an exception of a library"], as_json=True)
    assert "ValueError" in told
    assert "<module>" in told
    ours = """
from dicom_node.domain.errors import ArchiveError
try:
    raise ArchiveError("disk: No space left on device")
except ArchiveError:
    log.exception("loop.error", loop="sender")
"""
    assert "ArchiveError: disk: No space left on device" in logged(ours, as_json=True)

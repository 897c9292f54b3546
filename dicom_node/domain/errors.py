"""The one tree of errors: one class per cause that somebody can act on.

Messages tell what, where, what came and what is allowed. They never hold a patient's name, id or
birth date, because they are logged and shown.
"""

from typing import ClassVar


class DicomNodeError(Exception):
    """Base of every error the node raises on purpose.

    Attributes
    ----------
    code : str
        Stable, hyphenated name of the cause, for programs (`--json`) and for searching a log.
    """

    code: ClassVar[str] = "error"


class ConfigError(DicomNodeError):
    """A configuration file is wrong; names file, key, value and what is allowed."""

    code = "config"

    def __init__(self, *, file: str, key: str, value: object, allowed: str) -> None:
        super().__init__(f"{file}: {key} is {value!r}; allowed: {allowed}")
        self.file, self.key, self.value, self.allowed = file, key, value, allowed


class ArchiveError(DicomNodeError):
    """An instance could not be made durable; answered as C-STORE 0xA700 (PS3.4 B.2.3)."""

    code = "archive"


class UnreadableInstance(DicomNodeError):
    """A file or data set cannot be understood as a DICOM instance."""

    code = "unreadable"


class InputRejected(DicomNodeError):
    """Data that arrived is not fit for the purpose; nothing is guessed in its place.

    Parameters
    ----------
    reason : str
        One sentence: what is wrong and what would be needed.
    keyword : str, optional
        DICOM keyword (with its tag) that decides.
    value : object, optional
        What came; None where it is absent.
    """

    code = "input-rejected"

    def __init__(self, reason: str, *, keyword: str | None = None, value: object = None) -> None:
        came = "absent" if value is None else repr(value)
        super().__init__(reason if keyword is None else f"{keyword} is {came}; {reason}")
        self.reason, self.keyword, self.value = reason, keyword, value


class MissingAttribute(InputRejected):
    """An attribute that is needed is absent or empty."""

    code = "missing-attribute"


class IncompleteSeries(InputRejected):
    """Instances of a series are missing; names how many and where."""

    code = "incomplete-series"


class InconsistentGeometry(InputRejected):
    """Slices form no regular volume: gap, duplicate, mixed orientation, spacing or frame."""

    code = "inconsistent-geometry"


class MixedSeries(InputRejected):
    """Instances of several SOP classes or modalities share one Series Instance UID."""

    code = "mixed-series"


class SeveralPatients(InputRejected):
    """Instances of different patients share one Series Instance UID."""

    code = "several-patients"


class RepeatedUid(InputRejected):
    """Different instances share one SOP Instance UID: which of them is meant cannot be told."""

    code = "repeated-uid"


class NotCalibrated(InputRejected):
    """The stored values cannot be brought to the unit that is needed (SUV, most often)."""

    code = "not-calibrated"


class UnknownTracer(InputRejected):
    """No evidence names the radiopharmaceutical."""

    code = "unknown-tracer"


class ConflictingTracer(InputRejected):
    """Two pieces of evidence name different radiopharmaceuticals or nuclides; both are told."""

    code = "conflicting-tracer"


class NotComparable(InputRejected):
    """Two examinations may not be compared; every reason is named."""

    code = "not-comparable"


class UnsupportedObject(InputRejected):
    """The object is well formed but no volume for this node: projection, SOP class, codec."""

    code = "unsupported-object"


class AlgorithmFailed(DicomNodeError):
    """An algorithm ended without a usable result.

    Attributes
    ----------
    may_pass : bool
        Whether the same job may succeed when it is tried again.
    """

    code = "algorithm-failed"
    may_pass: ClassVar[bool] = False

    def __init__(self, *, name: str, version: str, cause: str) -> None:
        super().__init__(f"{name} {version}: {cause}")
        self.name, self.version, self.cause = name, version, cause


class WeightsError(AlgorithmFailed):
    """Trained weights are absent or differ from the hash in the model card."""

    code = "weights"


class TimeLimit(AlgorithmFailed):
    """The algorithm ran longer than its limit and was stopped."""

    code = "time-limit"
    may_pass = True  # the machine may have been busy


class MemoryLimit(AlgorithmFailed):
    """The algorithm needed more memory than its limit."""

    code = "memory-limit"
    may_pass = True  # something else may have used it up


class WorkerDied(AlgorithmFailed):
    """The process of the algorithm ended in the middle of a job."""

    code = "worker-died"
    may_pass = True


class EncodingFailed(DicomNodeError):
    """A result could not be written as a valid DICOM object; it is not sent."""

    code = "encoding-failed"
    may_pass: ClassVar[bool] = False


class ResultNotWritten(EncodingFailed):
    """A valid result found no room on the disk, or the disk failed."""

    code = "result-not-written"
    may_pass = True


class DeliveryFailed(DicomNodeError):
    """A destination did not take an object.

    Parameters
    ----------
    destination : str
        Name of the destination in the configuration.
    status : int or None
        DIMSE status; None where no answer came.
    cause : str
        What happened.
    transient : bool
        Whether trying again may help.
    untrusted : bool
        Whether TLS with it failed.
    """

    code = "delivery-failed"

    def __init__(
        self,
        *,
        destination: str,
        status: int | None,
        cause: str,
        transient: bool,
        untrusted: bool = False,
    ) -> None:
        shown = "no status" if status is None else f"status 0x{status:04X}"
        super().__init__(f"{destination}: {cause} ({shown})")
        self.destination, self.status, self.cause = destination, status, cause
        self.transient, self.untrusted = transient, untrusted

"""What another archive has, and what came of asking for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSeries:
    """A series that an archive says it has.

    Parameters
    ----------
    instances : int or None
        Number of Series Related Instances (0020,1209); None where the archive does not tell.
    """

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    instances: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveReport:
    """How a C-MOVE ended.

    Parameters
    ----------
    completed, failed, warning : int
        Sub-operations, as the archive counts them.
    cause : str
        Why not everything was sent; empty where it was.
    transient : bool
        Whether asking again may help; meaningless without a cause.
    """

    completed: int
    failed: int
    warning: int
    cause: str = ""
    transient: bool = False

    @property
    def complete(self) -> bool:
        """Whether the archive says that it sent everything."""
        return not self.cause

"""Everything the encoder needs to write the objects of one job."""

from dataclasses import dataclass
from datetime import datetime

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.result import Result
from dicom_node.domain.series import Instance
from dicom_node.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """A result with its sources.

    Parameters
    ----------
    result_id : str
        From `job.result_id_of`; every UID of the objects is made of it, so that the same input and
        the same algorithm version give the same UIDs.
    source : Volume
        The primary input: results refer to its instances and lie on its grid.
    source_instances : tuple of Instance
        Every instance of the primary series (its files are read for patient and study).
    companions : tuple of Instance
        One or more instances of companion series, listed as evidence.
    created_at : datetime
        With time zone; content date and time of the objects.
    predecessor : str or None
        `result_id` of the earlier report of the same study that this one takes the place of.
    """

    result_id: str
    card: AlgorithmCard
    result: Result
    source: Volume
    source_instances: tuple[Instance, ...]
    companions: tuple[Instance, ...]
    created_at: datetime
    predecessor: str | None = None

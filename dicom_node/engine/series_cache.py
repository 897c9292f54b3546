"""Series as read from their headers, each file once while a series is being received."""

from collections import OrderedDict
from collections.abc import Sequence

from dicom_node.domain.errors import MissingAttribute, UnreadableInstance
from dicom_node.domain.series import Instance, Series, SeriesKey
from dicom_node.reading.header import Header, read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import SiteTracers

_KEPT = 200  # described series; a description without headers is some kilobytes


class SeriesCache:
    """Descriptions of series, and the headers of those that still grow."""

    def __init__(self, site_tracers: SiteTracers) -> None:
        self._site_tracers = site_tracers
        self._headers: dict[SeriesKey, dict[str, Header]] = {}
        self._described: OrderedDict[SeriesKey, tuple[int, Series]] = OrderedDict()

    def series_of(
        self, key: SeriesKey, instances: Sequence[Instance], *, growing: bool = False
    ) -> Series:
        """Description of the series made of these instances.

        Parameters
        ----------
        growing : bool
            Keep the headers, because more will come; only files that are new are read next time.

        Raises
        ------
        InputRejected
            Where the headers cannot be one series.
        """
        known = self._described.get(key)
        if known is not None and known[0] == len(instances):
            self._described.move_to_end(key)
            return known[1]
        headers = self._headers.get(key, {})
        for instance in instances:
            if instance.sop_instance_uid not in headers:
                headers[instance.sop_instance_uid] = _read(instance)
        if growing:
            self._headers[key] = headers
        series = read_series(list(headers.values()), self._site_tracers).series
        self._described[key] = (len(instances), series)
        while len(self._described) > _KEPT:
            self._described.popitem(last=False)
        return series

    def forget_headers(self, key: SeriesKey) -> None:
        """Let go of the headers of a series that is decided."""
        self._headers.pop(key, None)


def _read(instance: Instance) -> Header:
    try:
        return read_header(instance.path)
    except UnreadableInstance as cause:
        raise MissingAttribute(str(cause)) from cause

"""What a worker does: runs queued jobs, one at a time, in a child process."""

import random
from collections.abc import Callable

from dicom_node.audited import tell_used
from dicom_node.auditing import Audit
from dicom_node.engine.loop import Loop
from dicom_node.engine.runner import JobRunner
from dicom_node.reading.site_tracers import read_site_tracers
from dicom_node.registry import Registry
from dicom_node.settings import Settings
from dicom_node.stores import Archive, equipment_of, utc_now
from dicom_node.worker import Worker

RESULTS_FOLDER = "results"
_POLL_S = 0.5  # woken when there is something to run


class Processing:
    """The runner and its child process.

    Parameters
    ----------
    number : int
        Of this process among those that work on the host: which GPU it takes.
    is_member : callable
        Whether this process still takes part; else what it runs is not its own any more.
    on_result : callable
        There may be something to send.
    audit : Audit
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        archive: Archive,
        *,
        number: int,
        is_member: Callable[[], bool],
        on_result: Callable[[], None],
        audit: Audit,
    ) -> None:
        rules = settings.worker
        gpu = rules.gpus[number % len(rules.gpus)] if rules.gpus else None
        self._worker = Worker(threads=rules.threads, gpu=gpu)
        self._is_member = is_member
        self._runner = JobRunner(
            jobs=archive.jobs,
            worker=self._worker,
            registry=registry,
            results_folder=settings.storage_folder / RESULTS_FOLDER,
            site_tracers=read_site_tracers(settings.tracers_file),
            equipment=equipment_of(settings),
            forms={one.name: one.forms for one in settings.destinations.values()},
            clock=utc_now,
            on_result=on_result,
            routes=settings.routes,
            rules=settings.jobs,
            stopping=lambda: self._loop.stopping or not is_member(),
            chance=random.Random(),  # noqa: S311  jitter, no secret
            on_start=lambda record: tell_used(audit, record),
        )
        self._loop = Loop("runner", self._tick, pause_s=_POLL_S)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Threads of it."""
        return (self._loop,)

    def start(self) -> None:
        """Start the child process, so that the first job does not wait for it."""
        self._worker.start()

    def stop(self) -> None:
        """End the child process; bounded in time."""
        self._worker.stop()

    def wake(self) -> None:
        """There may be something to run."""
        self._loop.wake()

    def _tick(self) -> bool:
        if not self._is_member() or self._worker.is_busy_starting():
            return False
        return self._runner.tick()

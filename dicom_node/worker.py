"""One algorithm run in a child process: a crash, a hang or a memory leak ends there.

The child is spawned once and kept warm between jobs, because importing the imaging libraries takes
seconds; it is replaced after a crash or a time limit.
"""

import multiprocessing
import resource
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from dicom_node.domain.algorithm import AlgorithmSpec
from dicom_node.domain.errors import AlgorithmFailed, MemoryLimit, TimeLimit, WorkerDied
from dicom_node.domain.job import JobOutcome, JobState
from dicom_node.planning import JobRequest
from dicom_node.worker_start import serve

log = structlog.get_logger(__name__)

_MIB = 1024 * 1024
_START_LIMIT_S = 120.0  # importing torch on a cold disk has taken most of a minute
_STOP_LIMIT_S = 5.0
_LOOK_EVERY_S = 0.25  # whether the job is still wanted
_TAKES_TURN_S = 0.05  # between an outcome and the readiness for the next job


class _Unwanted(Exception):
    """The job that runs is not wanted any more."""


class _TooLarge(Exception):
    """The child uses more memory than the algorithm may."""


class Worker:
    """A warm child process that runs one job at a time; use from one thread.

    Parameters
    ----------
    threads : int
        Of the numerical libraries; 0 leaves it to them.
    gpu : int or None
        The only one that the child sees.
    """

    def __init__(self, *, threads: int = 0, gpu: int | None = None) -> None:
        self._threads, self._gpu = threads, gpu
        self._context = multiprocessing.get_context("spawn")  # fork would copy our threads' locks
        self._child: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._started_at_s = 0.0

    def start(self) -> None:
        """Spawn the child, so that the first job does not wait for its imports."""
        ours, theirs = self._context.Pipe()
        given = (theirs, self._threads, self._gpu)
        child = self._context.Process(target=serve, args=given, daemon=True, name="worker")
        child.start()
        theirs.close()  # so that the death of the child is an end of file here
        self._child, self._pipe = child, ours
        self._started_at_s = time.monotonic()

    def is_busy_starting(self) -> bool:
        """Whether the child still loads its libraries; False also where it does not come up.

        A job that is claimed meanwhile would only wait, and a node that ends meanwhile would count
        a try that never was.
        """
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self.start()
        assert self._pipe is not None
        late = time.monotonic() - self._started_at_s > _START_LIMIT_S
        return not late and not self._pipe.poll(_TAKES_TURN_S)

    def run(self, request: JobRequest, spec: AlgorithmSpec) -> JobOutcome:
        """Outcome of a job within its limits; a crash or a limit is an outcome, too."""
        outcome = self.run_while(lambda: True, request, spec)
        assert outcome is not None
        return outcome

    def run_while(
        self, wanted: Callable[[], bool], request: JobRequest, spec: AlgorithmSpec
    ) -> JobOutcome | None:
        """Like `run`; None, and the child ended, as soon as the job is not wanted any more.

        Parameters
        ----------
        wanted : callable
            Asked some times a second while the job runs.
        """
        try:
            return self._ask(request, spec, wanted)
        except _Unwanted:
            self.stop()
            return None
        except AlgorithmFailed as cause:
            log.warning("worker.failed", job=request.job.job_id, code=cause.code, cause=cause.cause)
            self.stop()
            reason = f"{cause.code}: {cause}"
            return JobOutcome(state=JobState.FAILED, reason=reason, may_pass=cause.may_pass)

    def stop(self) -> None:
        """End the child, whatever it does; bounded in time."""
        child, pipe = self._child, self._pipe
        self._child = self._pipe = None
        if pipe is not None:
            pipe.close()
        if child is None:
            return
        child.terminate()
        child.join(_STOP_LIMIT_S)
        if child.is_alive():
            child.kill()
            child.join(_STOP_LIMIT_S)

    def _ask(
        self, request: JobRequest, spec: AlgorithmSpec, wanted: Callable[[], bool]
    ) -> JobOutcome:
        name, version = spec.card.name, spec.card.version
        if self._child is None or not self._child.is_alive():
            self.start()
        assert self._child is not None
        assert self._pipe is not None
        try:
            if not _answered(self._pipe, _START_LIMIT_S, wanted):
                raise TimeLimit(name=name, version=version, cause="worker did not start")
            self._pipe.recv()  # the child is ready
            self._pipe.send((request, spec.card.name))
            look = self._looking(wanted, spec.memory_limit_mib)
            if not _answered(self._pipe, spec.time_limit_s, look):
                cause = f"stopped after {spec.time_limit_s:g} s"
                raise TimeLimit(name=name, version=version, cause=cause)
            outcome = self._pipe.recv()
        except _TooLarge as cause:
            limit = f"more than {spec.memory_limit_mib} MiB in use"
            raise MemoryLimit(name=name, version=version, cause=limit) from cause
        except (EOFError, OSError) as broken:
            self._child.join(_STOP_LIMIT_S)
            raise _death(self._child.exitcode, name, version) from broken
        assert isinstance(outcome, JobOutcome)
        return outcome

    def _looking(self, wanted: Callable[[], bool], memory_limit_mib: int) -> Callable[[], bool]:
        """Like `wanted`, and its memory where the child has a GPU and bounds nothing itself."""
        child = self._child
        if self._gpu is None or child is None:
            return wanted

        def look() -> bool:
            if _resident_mib(child.pid) > memory_limit_mib:
                raise _TooLarge
            return wanted()

        return look


def _resident_mib(pid: int | None) -> float:
    """Memory in use by a process (proc(5): second field of statm, in pages); 0 if it ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / _MIB


def _answered(pipe: Connection, limit_s: float, wanted: Callable[[], bool]) -> bool:
    """Whether the child says something in time; _Unwanted where nobody waits for it any more."""
    end = time.monotonic() + limit_s
    while (left_s := end - time.monotonic()) > 0:
        if pipe.poll(min(left_s, _LOOK_EVERY_S)):
            return True
        if not wanted():
            raise _Unwanted
    return False


def _death(exit_code: int | None, name: str, version: str) -> AlgorithmFailed:
    if exit_code is not None and exit_code < 0:
        how = signal.Signals(-exit_code).name
        if how == "SIGKILL":  # nobody else sends it: the kernel ran out of memory
            return MemoryLimit(name=name, version=version, cause="killed; out of memory")
        return WorkerDied(name=name, version=version, cause=f"worker process died: {how}")
    cause = f"worker process ended with exit status {exit_code}"
    return WorkerDied(name=name, version=version, cause=cause)

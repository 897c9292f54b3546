"""What the worker's child process does: a job in, its outcome out, until the parent goes away."""

import multiprocessing
import os
import resource
import signal
import threading
from multiprocessing.connection import Connection

import structlog

from dicom_node.domain.algorithm import AlgorithmSpec
from dicom_node.domain.job import JobOutcome, JobState
from dicom_node.logs import configure_logging_like_parent
from dicom_node.pipeline import process
from dicom_node.planning import JobRequest
from dicom_node.registry import load_registry

log = structlog.get_logger(__name__)

_MIB = 1024 * 1024


def serve_jobs(pipe: Connection, *, bound_memory: bool) -> None:
    """Child's main loop: ready, job in, outcome out, until the parent goes away.

    Parameters
    ----------
    bound_memory : bool
        Whether the address space is bounded here; else the parent watches what is in use.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    configure_logging_like_parent()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    registry = load_registry()
    while True:
        try:
            pipe.send("ready")
            request, algorithm = pipe.recv()
        except (EOFError, OSError):
            return
        spec = registry.spec(algorithm)
        if bound_memory:
            _limit_memory(spec.memory_limit_mib)
        pipe.send(_outcome(request, spec))


def _end_with_parent() -> None:
    """Leave at once when the parent has died, whatever the algorithm does.

    The parent's successor runs the job again; two of them would share the cores for nothing.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _outcome(request: JobRequest, spec: AlgorithmSpec) -> JobOutcome:
    try:
        return process(request, spec.with_options(request.options))
    except Exception as cause:  # outermost frame of the worker: a bug of ours fails one job
        log.exception("worker.bug", job=request.job.job_id)
        text = f"internal-error: {type(cause).__name__} in {spec.card.name} {spec.card.version}"
        return JobOutcome(state=JobState.FAILED, reason=text)


def _limit_memory(limit_mib: int) -> None:
    """Bound the address space, so that a leak raises MemoryError here and starves nobody else."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit_mib * _MIB, hard))

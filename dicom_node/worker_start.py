"""First frame of the worker's child process: sets what libraries read when they are imported."""

import os
from multiprocessing.connection import Connection

# Of OpenMP (torch, scipy), OpenBLAS and MKL (numpy), ITK.
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def serve(pipe: Connection, threads: int, gpu: int | None) -> None:
    """Run jobs that come through a pipe, with so many threads and the one GPU.

    Parameters
    ----------
    threads : int
        0: as many as the libraries take by themselves.
    gpu : int or None
        None: those that the parent sees.
    """
    if threads:
        os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)
    from dicom_node.worker_child import serve_jobs  # noqa: PLC0415  loads numpy, which reads them

    # The address space cannot be bounded beside CUDA, which reserves more than there is memory.
    serve_jobs(pipe, bound_memory=gpu is None)

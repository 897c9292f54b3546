"""Where log lines go: to standard error, one event with its keys a line."""

import logging
import os
import sys
import traceback
import warnings
from enum import StrEnum

import structlog

from dicom_node.domain.errors import DicomNodeError

# In the environment, so that a worker process logs as its parent does.
JSON_VARIABLE, LEVEL_VARIABLE = "DICOM_NODE_LOG_JSON", "DICOM_NODE_LOG_LEVEL"

_QUOTING = ("pydicom", "pynetdicom", "highdicom")


class LogLevel(StrEnum):
    """The least severe events that are told."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


def configure_logging_like_parent() -> None:
    """Set up structlog as the process that started this one did."""
    level = LogLevel(os.environ.get(LEVEL_VARIABLE, LogLevel.INFO))
    configure_logging(as_json=JSON_VARIABLE in os.environ, level=level)


def _without_messages(
    _: object, __: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Frames and type of an exception; its message only where it is ours.

    That of another library may quote what a data set or a row holds.
    """
    given = event.pop("exc_info", None)
    cause = sys.exc_info()[1] if given is True else given
    cause = cause[1] if isinstance(cause, tuple) else cause
    if isinstance(cause, BaseException):
        told = f"{type(cause).__name__}: {cause}" if isinstance(cause, DicomNodeError) else ""
        frames = "".join(traceback.format_tb(cause.__traceback__))
        event["exception"] = frames + (told or type(cause).__name__)
    return event


def _silence_libraries() -> None:
    """Keep libraries from telling by themselves what they read; we tell what comes of it.

    pydicom warns of a value that is against the standard by quoting it, whosever name it is.
    """
    for name in _QUOTING:
        library = logging.getLogger(name)
        library.addHandler(logging.NullHandler())
        library.propagate = False
        warnings.filterwarnings("ignore", module=rf"{name}(\.|$)")


def configure_logging(*, as_json: bool, level: LogLevel) -> None:
    """Set up structlog for this process and those it starts.

    Parameters
    ----------
    as_json : bool
        One JSON object a line, for a log collector; else readable text.
    """
    _silence_libraries()
    os.environ[LEVEL_VARIABLE] = level
    if as_json:
        os.environ[JSON_VARIABLE] = "1"
    else:
        os.environ.pop(JSON_VARIABLE, None)
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            _without_messages,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.name)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        # A logger that is cached keeps what it was first used with, whatever is set up later.
        cache_logger_on_first_use=False,
    )

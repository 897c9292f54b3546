"""Where log lines go: to standard error, one event with its keys a line."""

import logging
import os
import sys
from enum import StrEnum

import structlog

# In the environment, so that a worker process logs as its parent does.
JSON_VARIABLE, LEVEL_VARIABLE = "DICOM_NODE_LOG_JSON", "DICOM_NODE_LOG_LEVEL"


class LogLevel(StrEnum):
    """The least severe events that are told."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"


def configure_logging_like_parent() -> None:
    """Set up structlog as the process that started this one did."""
    level = LogLevel(os.environ.get(LEVEL_VARIABLE, LogLevel.INFO))
    configure_logging(as_json=JSON_VARIABLE in os.environ, level=level)


def configure_logging(*, as_json: bool, level: LogLevel) -> None:
    """Set up structlog for this process and those it starts.

    Parameters
    ----------
    as_json : bool
        One JSON object a line, for a log collector; else readable text.
    """
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
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.name)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )

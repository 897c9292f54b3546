"""Where log lines go: to standard error, one event with its keys a line."""

import logging
import os
import sys

import structlog

# In the environment, so that a worker process logs as its parent does.
JSON_VARIABLE, VERBOSE_VARIABLE = "DICOM_NODE_LOG_JSON", "DICOM_NODE_VERBOSE"


def configure_logging_like_parent() -> None:
    """Set up structlog as the process that started this one did."""
    configure_logging(as_json=JSON_VARIABLE in os.environ, verbose=VERBOSE_VARIABLE in os.environ)


def configure_logging(*, as_json: bool, verbose: bool = False) -> None:
    """Set up structlog once, at the start of a process.

    Parameters
    ----------
    as_json : bool
        One JSON object a line, for a log collector; else readable text.
    verbose : bool
        Debug events, too.
    """
    for name, wanted in ((JSON_VARIABLE, as_json), (VERBOSE_VARIABLE, verbose)):
        if wanted:
            os.environ[name] = "1"
        else:
            os.environ.pop(name, None)
    level = logging.DEBUG if verbose else logging.INFO
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
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )

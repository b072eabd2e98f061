"""Logs as JSON lines for every process and library, and Prometheus metrics on loopback."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import structlog
from prometheus_client import start_http_server
from stamina.instrumentation import set_on_retry_hooks
from structlog.typing import FilteringBoundLogger, Processor

from quantrac.masking import masked

_CHATTY = ("kafka", "aiokafka", "faust", "mode", "mail")
_TELL_SECRETS = ("apprise", "urllib3", "requests", "httpx", "httpcore", "smtplib", "asyncio")
"""At DEBUG these log addresses with the tokens in them."""
_REPEAT_AFTER_S = 10.0
_MOST_REMEMBERED = 1000


class Repeats(logging.Filter):
    """Lets each message of a chatty library through once in ten seconds.

    While Kafka is away its clients report every attempt: a hundred lines a second, which would fill the disk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._last_s: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged."""
        if record.name.split(".")[0] not in _CHATTY or record.levelno >= logging.CRITICAL:
            return True
        key, now_s = (record.name, str(record.msg)), time.monotonic()
        if now_s - self._last_s.get(key, -_REPEAT_AFTER_S) < _REPEAT_AFTER_S:
            return False
        if len(self._last_s) > _MOST_REMEMBERED:  # messages with the facts written into them, not as arguments
            self._last_s.clear()
        self._last_s[key] = now_s
        return True


def log_to_stderr() -> None:
    """Send the records of a command to stderr, as text: its stdout is for its result alone.

    That it asks a server again is no record: the command says in the end whether that helped.
    """
    set_on_retry_hooks(())
    structlog.configure(processors=as_text(sys.stderr), logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def as_text(stream: TextIO) -> list[Processor]:
    """Return what makes a line for people of a record.

    Exceptions are told as Python does: structlog's own way draws every variable on their way, passwords too, for a
    minute where a variable is large.
    """
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.dev.set_exc_info,
        structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
        structlog.processors.format_exc_info,
        without_addresses,
        structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback),
    ]


def without_addresses(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask people's addresses in every text of a record, in the trace of an exception too."""
    for key, value in event.items():
        if isinstance(value, str) and "@" in value:
            event[key] = masked(value)
    return event


def configure_logging(process: str, level: str = "INFO") -> None:
    """Send every record of this process, also those of libraries, to stderr as one JSON object a line."""
    set_on_retry_hooks(())  # not a record for every attempt: who waits says so once (quantrac.away)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        without_addresses,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    handler.addFilter(Repeats())
    handler.setLevel(level)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*_CHATTY, "mail.log", *_TELL_SECRETS):
        # Never higher, the handler has the level: the status of a webhook's answer is read from what Apprise warns.
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Silence a library that logs each failed attempt, with tracebacks: the caller has the exception."""
    logger = logging.getLogger(library)
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a module; bind facts as keyword arguments, not into the message."""
    return cast("FilteringBoundLogger", structlog.get_logger(name))


def serve_metrics(port: int) -> int:
    """Serve this process's Prometheus metrics on loopback and return the port; 0 asks for a free one."""
    server: Any = start_http_server(port, addr="127.0.0.1")[0]
    taken = int(server.server_port)
    with suppress(OSError):  # a machine without IPv6, or whose port there is another's
        start_http_server(taken, addr="::1")
    return taken

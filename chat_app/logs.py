"""Logs: one line an event, as text or JSON, with the request's and the run's id."""

import logging
import re
import sys
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"password|secret|token$|api_?key|authorization|cookie", re.IGNORECASE)


def configure(level: str, log_format: str) -> None:
    """Send structlog's and the standard library's records to stderr in one form."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_secrets,
    ]
    render: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if log_format == "json":
        last.append(structlog.processors.format_exc_info)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[*last, render])
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], logging.getLevelName(level)
    for chatty in ("httpx2", "httpcore2", "openai", "werkzeug", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def without_secrets(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Blank out values whose name says that they are secret."""
    return {key: "…" if _SECRET_NAMES.search(key) else value for key, value in event.items()}

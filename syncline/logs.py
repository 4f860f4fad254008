"""What unattended processes write: one line per event, as text or JSON. Never a record's content."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

LOGGER = "syncline"

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class _Lines(logging.Formatter):
    """``2026-11-21T08:00:00Z INFO run finished schedule=nightly status=ok``: constant message, facts as pairs."""

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={_word(value)}" for name, value in _facts(record).items())
        return f"{_moment(record)} {record.levelname} {_flat(record.getMessage())}{' ' if facts else ''}{facts}"


class _Json(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        event = {"time": _moment(record), "level": record.levelname.lower(), "event": record.getMessage()}
        return json.dumps({**event, **_facts(record)}, default=str, ensure_ascii=False)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD and value is not None}


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _flat(value: object) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def _word(value: object) -> str:
    text = _flat(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text


def start(*, as_json: bool = False, debug: bool = False) -> logging.Logger:
    """Send the product's log to stderr. Other libraries' warnings come along, their chatter does not.

    ``debug`` adds the request log (method, host and path template; never bodies or query strings).
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if as_json else _Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger = logging.getLogger(LOGGER)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    return logger

"""Log lines as Terraform reads them from stderr, and the secrets that never appear in them."""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

TRACE = 5

_VARIABLES = ("TF_LOG_PROVIDER", "TF_LOG")
_LEVELS = {
    "TRACE": TRACE,
    "JSON": TRACE,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "OFF": logging.ERROR,
    "": logging.ERROR,
}
_NAMES = (
    (logging.ERROR, "error"),
    (logging.WARNING, "warn"),
    (logging.INFO, "info"),
    (logging.DEBUG, "debug"),
    (logging.NOTSET, "trace"),
)
# What others have to say is detail to us, even when they call it a warning.
_FOREIGN = frozenset({"urllib3", "requests", "charset_normalizer", "py.warnings"})
# Python 3.12 would ask `asyncio` for the name of a task, for every line: it is not loaded for that.
logging.logAsyncioTasks = False  # type: ignore[attr-defined]
_OWN_KEYS = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def setup(environment: Mapping[str, str], name: str, mask: Callable[[str], str] = str) -> None:
    """Send all log lines to stderr, masked, from the level on that Terraform's variables ask for.

    None set, or `OFF`, means errors only; a level that does not exist means all, as with Terraform.
    """
    variables = (f"TF_LOG_PROVIDER_{name.upper()}", *_VARIABLES)
    wanted = next((environment[one] for one in variables if environment.get(one)), "")
    level = _LEVELS.get(wanted.upper(), TRACE)
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_LineHandler(level, mask))
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _LineHandler(logging.Handler):
    _exceptions = logging.Formatter()

    def __init__(self, level: int, mask: Callable[[str], str]) -> None:
        super().__init__(level)
        self._mask = mask

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record; with nobody left to read it, it is dropped."""
        levelno = record.levelno
        if record.name.split(".", 1)[0] in _FOREIGN or record.name in _FOREIGN:
            levelno = min(levelno, logging.DEBUG)
        if levelno < self.level:
            return
        try:
            entry = self._entry(record, levelno)
            line = self._mask(json.dumps(entry, default=_text, skipkeys=True))
        except Exception as error:  # noqa: BLE001 - a log line must never end a call
            line = json.dumps({"@level": "error", "@message": f"log line lost: {type(error)}"})
        with suppress(OSError, ValueError):  # Terraform is gone, stderr closed
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def _entry(self, record: logging.LogRecord, levelno: int) -> dict[str, Any]:
        seconds, micros = divmod(int(record.created * 1_000_000), 1_000_000)
        entry = {key: value for key, value in record.__dict__.items() if key not in _OWN_KEYS}
        entry["@level"] = next(name for level, name in _NAMES if levelno >= level)
        entry["@message"] = self._mask(record.getMessage())
        entry["@module"] = record.name
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        entry["@timestamp"] = f"{moment}.{micros:06d}Z"
        if record.exc_info and record.exc_info[0]:
            entry["traceback"] = self._mask(self._exceptions.formatException(record.exc_info))
        if record.stack_info:
            entry["stack"] = record.stack_info
        return entry


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("uncaught error", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(happened: threading.ExceptHookArgs) -> None:
    if happened.exc_value:
        _log_uncaught(happened.exc_type, happened.exc_value, happened.exc_traceback)

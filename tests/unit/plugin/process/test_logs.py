"""Log lines: their form, their level, and what is masked in them."""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
import urllib.parse
import warnings
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pytest

from terraform_provider_veeam.plugin.process import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = 'pa"ss w/örd\\&<1>\n'
log = logging.getLogger("veeam.test")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging and masking are the process's own: both are put back."""
    monkeypatch.setattr(logs, "_forms", set())
    monkeypatch.setattr(logs, "_pattern", None)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_has_the_form_that_terraform_reads(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({"TF_LOG": "DEBUG"})
    log.info("sent %s", "it", extra={"status": 200, "body": b"\xffx", "more": {"a": None}})
    (entry,) = written(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", entry.pop("@timestamp"))
    assert entry == {
        "@level": "info",
        "@message": "sent it",
        "@module": "veeam.test",
        "status": 200,
        "body": "\ufffdx",
        "more": {"a": None},
    }


@pytest.mark.parametrize(
    ("environment", "levels"),
    [
        ({}, "error"),
        ({"TF_LOG": ""}, "error"),
        ({"TF_LOG": "OFF"}, "error"),
        ({"TF_LOG": "ERROR"}, "error"),
        ({"TF_LOG": "warn"}, "warn error"),
        ({"TF_LOG": "INFO"}, "info warn error"),
        ({"TF_LOG": "DEBUG"}, "debug info warn error"),
        ({"TF_LOG": "TRACE"}, "trace debug info warn error"),
        ({"TF_LOG": "JSON"}, "trace debug info warn error"),
        ({"TF_LOG": "nonsense"}, "trace debug info warn error"),
        ({"TF_LOG": "TRACE", "TF_LOG_PROVIDER": "WARN"}, "warn error"),
        ({"TF_LOG_PROVIDER": "TRACE", "TF_LOG_PROVIDER_VEEAM": "INFO"}, "info warn error"),
    ],
)
def test_the_level_is_that_of_the_most_particular_variable(
    capsys: pytest.CaptureFixture[str], environment: dict[str, str], levels: str
) -> None:
    logs.setup(environment)
    for level in (logs.TRACE, logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL):
        log.log(level, "a line")
    assert " ".join(entry["@level"] for entry in written(capsys)) == levels


def test_a_secret_is_masked_in_every_form() -> None:
    logs.conceal(SECRET)
    octets = SECRET.encode()
    for form in (
        SECRET,
        repr(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        escape(SECRET),
        base64.b64encode(octets).decode().rstrip("="),
    ):
        assert logs.mask(f"before {form} after") == "before *** after"


def test_a_line_is_masked_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({"TF_LOG": "TRACE"})
    logs.conceal(SECRET)
    logs.conceal("canary42")
    body = json.dumps({"password": SECRET})
    log.debug("sent %s", body, extra={"canary42": "canary42", "deep": {"x": [SECRET, body]}})
    try:
        int(SECRET)
    except ValueError:
        log.exception("failed with canary42")
    text = capsys.readouterr().err
    assert "canary42" not in text
    assert "ss w" not in text
    first, second = (json.loads(line) for line in text.splitlines())
    assert first["@message"] == 'sent {"password": "***"}'
    assert first["deep"] == {"x": ["***", '{"password": "***"}']}
    assert "base 10: '***'" in second["traceback"]


def test_the_longest_secret_wins_and_a_short_one_is_no_secret() -> None:
    for secret in ("token", "token-and-more", "abc", ""):
        logs.conceal(secret)
    assert logs.mask("token-and-more token abc") == "*** *** abc"


def test_what_libraries_say_is_at_most_debug(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({"TF_LOG": "INFO"})
    logging.getLogger("urllib3.connectionpool").warning("retrying")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert written(capsys) == []

    logs.setup({"TF_LOG": "DEBUG"})
    logging.getLogger("urllib3.connectionpool").warning("retrying")
    assert [entry["@level"] for entry in written(capsys)] == ["debug"]


def test_a_record_that_can_not_be_written_says_so_and_ends_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.setup({})
    log.error("%d", "no number")
    assert "log line lost" in written(capsys)[0]["@message"]

    class Closed:
        def write(self, text: str) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    log.error("nobody reads it")


def test_an_uncaught_error_is_a_masked_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({})
    logs.conceal("canary42")
    thread = threading.Thread(target=int, args=("canary42",))
    thread.start()
    thread.join()
    (entry,) = written(capsys)
    assert entry["@level"] == "error"
    assert "'***'" in entry["traceback"]


def test_secrets_may_be_added_while_others_log(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({})

    def work(number: int) -> None:
        for count in range(10):
            secret = f"secret-{number}-{count}"
            logs.conceal(secret)
            log.error("has %s", secret)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry["@message"] for entry in written(capsys)} == {"has ***"}

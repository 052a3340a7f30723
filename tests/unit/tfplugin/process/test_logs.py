"""Log lines: their form, their level, and what is masked in them."""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import sys
import threading
import urllib.parse
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from terraform_provider_veeam import masking
from terraform_provider_veeam.masking import Secrets, mask
from tfplugin.process import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = 'pa"ss w/örd\\&<1>\n'
IN_BASE64 = "pa??>>~ö"  # with + and /
log = logging.getLogger("veeam.test")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging and masking are the process's own: both are put back."""
    monkeypatch.setattr(masking, "known", Secrets())
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
    logs.setup({"TF_LOG": "DEBUG"}, "veeam", mask)
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


def test_a_moment_is_told_in_utc_to_the_microsecond(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({"TF_LOG": "INFO"}, "veeam", mask)
    record = log.makeRecord("veeam", logging.INFO, "", 0, "a line", (), None)
    record.created = 1700000000.000042
    log.handle(record)
    assert written(capsys)[0]["@timestamp"] == "2023-11-14T22:13:20.000042Z"


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
    logs.setup(environment, "veeam", mask)
    for level in (logs.TRACE, logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL):
        log.log(level, "a line")
    assert " ".join(entry["@level"] for entry in written(capsys)) == levels


def test_a_secret_is_masked_in_every_form() -> None:
    masking.conceal(SECRET)
    octets = SECRET.encode()
    for form in (
        SECRET,
        repr(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        urllib.parse.quote(SECRET),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        base64.b64encode(octets).decode().rstrip("="),
    ):
        assert mask(f"before {form} after") == "before *** after"


def test_a_secret_is_masked_in_both_alphabets_of_base64() -> None:
    masking.conceal(IN_BASE64)
    octets = IN_BASE64.encode()
    standard, safe = base64.b64encode(octets).decode(), base64.urlsafe_b64encode(octets).decode()
    assert standard != safe
    assert mask(f"{standard} {safe}") == "*** ***"


def test_a_line_is_masked_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({"TF_LOG": "TRACE"}, "veeam", mask)
    masking.conceal(SECRET)
    masking.conceal("canary42")
    body = json.dumps({"password": SECRET})
    log.debug("sent %s", json.dumps({"password": SECRET}, ensure_ascii=False))
    log.debug("sent %s", body, extra={"canary42": "canary42", "deep": {"x": [SECRET, body]}})
    try:
        int(SECRET)
    except ValueError:
        log.exception("failed with canary42")
    text = capsys.readouterr().err
    assert "canary42" not in text
    assert "ss w" not in text
    sent, first, second = (json.loads(line) for line in text.splitlines())
    assert sent["@message"] == 'sent {"password": "***"}'
    assert first["@message"] == 'sent {"password": "***"}'
    assert first["deep"] == {"x": ["***", '{"password": "***"}']}
    assert "base 10: '***'" in second["traceback"]


def test_the_longest_secret_wins_and_a_short_one_is_no_secret() -> None:
    for secret in ("token", "token-and-more", "abc", ""):
        masking.conceal(secret)
    assert mask("token-and-more token abc") == "*** *** abc"


def test_what_libraries_say_is_at_most_debug(capsys: pytest.CaptureFixture[str]) -> None:
    def speak() -> None:
        logging.getLogger("urllib3.connectionpool").warning("retrying")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)

    logs.setup({"TF_LOG": "INFO"}, "veeam", mask)
    speak()
    assert written(capsys) == []

    logs.setup({"TF_LOG": "DEBUG"}, "veeam", mask)
    speak()
    told = [(entry["@level"], entry["@module"]) for entry in written(capsys)]
    assert told == [("debug", "urllib3.connectionpool"), ("debug", "py.warnings")]


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_a_record_that_can_not_be_written_says_so_and_ends_nothing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    logs.setup({}, "veeam", mask)
    log.error("%d", "no number")
    assert "log line lost" in written(capsys)[0]["@message"]

    class Closed:
        def write(self, text: str) -> None:
            raise error

    monkeypatch.setattr(sys, "stderr", Closed())
    log.error("nobody reads it")


def test_an_uncaught_error_is_a_masked_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup({}, "veeam", mask)
    masking.conceal("canary42")
    thread = threading.Thread(target=int, args=("canary42",))
    thread.start()
    thread.join()
    try:
        int("canary42")
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    # What an earlier test has left may be collected meanwhile, and warns.
    told = [entry for entry in written(capsys) if "traceback" in entry]
    assert [entry["@level"] for entry in told] == ["error", "error"]
    assert all("'***'" in entry["traceback"] for entry in told)


def test_what_is_shown_has_nothing_that_a_terminal_obeys() -> None:
    masking.conceal("pass\u202eword")
    assert mask("a\x9b2J\nb pass\u202eword \ud800") == "a\\x9b2J\nb *** \\ud800"


def test_nor_has_a_log_line_when_it_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    masking.conceal("pass\u202eword")
    logs.setup({"TF_LOG": "DEBUG"}, "veeam", mask)
    try:
        b"\xff".decode("\x9b31m")
    except LookupError:
        log.exception("task \x9b31m of %s failed, pass\u202eword", "\ud800.txt")
    (entry,) = written(capsys)
    assert entry["@message"] == "task \\x9b31m of \\ud800.txt failed, ***"
    assert entry["traceback"].endswith("unknown encoding: \\x9b31m")

"""Where a password comes from that is not given itself: a file, a command, the system's keyring.

Nothing is quoted in an error: where a path or a command is expected, somebody may have written
the password.
"""

import json
import os
import shlex
import subprocess
import threading
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from terraform_provider_veeam.masking import conceal, printable
from terraform_provider_veeam.platforms import IS_WINDOWS
from terraform_provider_veeam.text import as_meant

_SECONDS = 120.0  # a password manager may ask a person first
_SLICE = 0.2  # seconds between two looks at whether to stop
_LONGEST_FILE = 64 * 1024
_LONGEST_COMPLAINT = 300


class NoPassword(ValueError):
    """No password comes from where it has to come from; the text says why."""


def from_file(path: str) -> str:
    """Return the password in a file. Raises NoPassword."""
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(_LONGEST_FILE)
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: a home that is not known, as in ~nobody/password.
        reason = getattr(error, "strerror", None) or "it names no file"
        raise NoPassword(f"The file can't be read: {reason}.") from None
    return _read(data, "The file has")


def from_command(
    command: str, variables: Mapping[str, str], stop: threading.Event | None = None
) -> str:
    """Return what a command prints, without a shell; variables say for whom. Raises NoPassword."""
    stop, end = stop or threading.Event(), time.monotonic() + _SECONDS
    try:
        with subprocess.Popen(  # noqa: S603 - the user's own command
            command if IS_WINDOWS else shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **variables},
        ) as process:
            while True:
                try:
                    printed, complaint = process.communicate(timeout=_SLICE)
                    break
                except subprocess.TimeoutExpired:
                    if stop.is_set() or time.monotonic() > end:
                        process.kill()
                        raise NoPassword(
                            "The command was stopped."
                            if stop.is_set()
                            else f"The command has not ended within {_SECONDS:.0f} seconds."
                        ) from None
    except (OSError, ValueError) as error:
        if isinstance(error, NoPassword):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise NoPassword(f"The command can't be started: {reason}.") from None
    if process.returncode:
        said = printable(complaint.decode(errors="replace").strip(), keep="\n")
        raise NoPassword(
            f"The command ended with exit code {process.returncode}. "
            f"{said[-_LONGEST_COMPLAINT:]}".rstrip()
        )
    return _read(printed, "The command printed")


def from_keyring(url: str, username: str) -> tuple[str | None, str]:
    """Return the password of an account at an address, and, for a person, what came of looking.

    The address is part of the entry's name: what is kept for one server is found for no other.
    """
    entry = f"terraform-provider-veeam:{url}"
    try:
        keyring: Any = import_module("keyring")
    except ImportError:
        return None, "Python's library keyring is not installed, so the keyring was not asked."
    try:
        found = keyring.get_password(entry, username)
    except Exception as error:  # noqa: BLE001 - each system's keyring has errors of its own
        reason = printable(str(error).partition("\n")[0]) or type(error).__name__
        return None, f"The system's keyring could not be read: {reason}"
    if found:
        return _concealed(found), ""
    return None, (
        f"The system's keyring has no entry {entry} for {printable(username)}; to make one: "
        f"keyring set {entry} {shlex.quote(username)}"
    )


def _read(data: bytes, who: str) -> str:
    """Return the password in a text, in UTF-8 or as PowerShell writes it."""
    try:
        password: str = as_meant(data.decode(json.detect_encoding(data)))
    except UnicodeDecodeError:
        raise NoPassword(f"{who} something that is no text.") from None
    if not password:
        raise NoPassword(f"{who} nothing in it.")
    if "\n" in password:
        raise NoPassword(f"{who} more than one line: it has to be the password alone.")
    return _concealed(password)


def _concealed(password: str) -> str:
    conceal(password)
    return password

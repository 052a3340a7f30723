"""Servers by name: `servers.toml` in this user's configuration folder. No password is in it."""

import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from terraform_provider_veeam.attributes import ATTRIBUTES, SOURCES, address
from terraform_provider_veeam.em.patterns import similar_names
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.platforms import IS_WINDOWS, configuration_folder

_SECRETS = ("password", "session_token")
KEYS = (*(name for name in ATTRIBUTES if name not in ("server", *_SECRETS)), *SOURCES)
_KINDS: dict[str, tuple[type, ...]] = {"insecure": (bool,), "max_retries": (int, str)}
_PATHS = ("ca_certificate", "password_file")
# A table with the comment right above it. What stands before the next one is that one's.
_ENTRY = r"""(?mx)
    ^(?:[ \t]*\#.*\n)* [ \t]*\[[ \t]*["']?{name}["']?[ \t]*\].*\n
    (?: (?! (?:[ \t]*(?:\#.*)?\r?\n)* (?:[ \t]*\[|\Z) ) .*\n )*
    """


class InvalidServers(ValueError):
    """The file of servers, or what is to be done with it, is wrong; the text says why."""


def file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the servers are written."""
    if named := environment.get("VEEAM_EM_SERVERS_FILE"):
        return Path(named).expanduser()
    return Path(configuration_folder(environment)) / "servers.toml"


def read(environment: Mapping[str, str] = os.environ) -> dict[str, dict[str, Any]]:
    """Return all servers by name, as they are written. Raises InvalidServers."""
    path = file(environment)
    try:
        with path.open("rb") as opened:
            if not IS_WINDOWS and os.fstat(opened.fileno()).st_mode & stat.S_IWOTH:
                raise InvalidServers(
                    f"{path} can be written by every user of this machine, so any of them could "
                    f"lead passwords elsewhere. Look through it, then: chmod o-w {path}"
                )
            data = opened.read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InvalidServers(f"{path} can't be read: {error.strerror}.") from None
    try:
        found = tomllib.loads(data.decode(json.detect_encoding(data)))
    except ValueError as error:
        raise InvalidServers(f"{path} is not TOML: {error}.") from None
    for name, entry in found.items():
        if not isinstance(entry, dict):
            raise InvalidServers(f'"{printable(name)}" in {path} stands below no [NAME].')
        for secret in _SECRETS:
            if secret in map(str.lower, entry):
                raise InvalidServers(
                    f"{path} has the {secret} of [{printable(name)}] in the clear: take it out. "
                    f"{' or '.join(SOURCES)} there says where the password is, or the system's "
                    "keyring has it."
                )
    return found


def find(name: str, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return what is written of a server, attribute by attribute. Raises InvalidServers."""
    path, known = file(environment), read(environment)
    if name not in known:
        others = similar_names(name, known) or list(known)
        there = f" Those there are: {', '.join(map(printable, others))}." if others else ""
        raise InvalidServers(
            f'There is no server "{printable(name)}" in {path}.{there} To add one: '
            "terraform-provider-veeam servers add NAME --url URL --username USER"
        )
    where, entry = f"[{name}] in {path}", dict(known[name])
    for key, value in entry.items():
        if key not in KEYS:
            meant = "".join(f" Is {one} meant?" for one in similar_names(key, KEYS)[:1])
            raise InvalidServers(f'{where} has "{printable(key)}", which is no setting.{meant}')
        kinds = _KINDS.get(key, (str,))
        if not isinstance(value, kinds) or isinstance(value, bool) is not (kinds == (bool,)):
            needed = "true or false" if kinds == (bool,) else "text in quotation marks"
            raise InvalidServers(f"{key} of {where} has to be {needed}.")
    if not entry.get("url"):
        raise InvalidServers(f"{where} has no url.")
    for key in _PATHS:
        # Relative to the file, like all that is in it. Else it is the text of a certificate.
        beside = os.path.join(path.parent, os.path.expanduser(entry.get(key, "")))  # noqa: PTH111, PTH118 - raise nothing
        if os.path.isfile(beside):  # noqa: PTH113
            entry[key] = beside
    return {key: str(value) for key, value in entry.items() if value != ""}


def at(base_url: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the name of the first server at an address of the API. Raises InvalidServers."""
    for name, entry in read(environment).items():
        if address(str(entry.get("url"))) == base_url:
            return name
    return None


def add(name: str, entry: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Path:
    """Write down one more server, and return where. Raises InvalidServers."""
    known = read(environment)
    if name in known:
        raise InvalidServers(
            f'There is a server "{name}" in {file(environment)} already. Change it there, or '
            f"remove it first: terraform-provider-veeam servers remove {name}"
        )
    before = _text(environment)
    # What JSON escapes in a text, TOML reads in the same way.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in entry.items()]
    text = "".join([before, "\n" if before else "", f"[{name}]\n", *lines])
    return _write(text, {**known, name: dict(entry)}, environment)


def remove(name: str, environment: Mapping[str, str] = os.environ) -> Path:
    """Take a server out of the file; the rest stays as it is. Raises InvalidServers."""
    known = read(environment)
    if name not in known:
        find(name, environment)
    text = re.sub(_ENTRY.format(name=re.escape(name)), "", _text(environment), count=1)
    left = {other: entry for other, entry in known.items() if other != name}
    return _write(text, left, environment)


def _text(environment: Mapping[str, str]) -> str:
    try:
        data = file(environment).read_bytes()
    except FileNotFoundError:
        return ""
    text = data.decode(json.detect_encoding(data))
    return text if text.endswith("\n") or not text else f"{text}\n"


def _write(text: str, means: Mapping[str, Any], environment: Mapping[str, str]) -> Path:
    """Replace the file in one step, if the text means what it has to. Raises InvalidServers."""
    path = file(environment)
    try:
        meant = tomllib.loads(text)
    except ValueError:
        meant = {}
    if meant != means:
        raise InvalidServers(f"{path} is written in a way that this command can't change: edit it.")
    real = path.resolve()  # it may be a link into a folder that is under version control
    try:
        real.parent.mkdir(0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(dir=real.parent) as folder:
            new = Path(folder, real.name)
            new.touch(0o600)
            new.write_bytes(text.encode())
            new.replace(real)
    except OSError as error:
        raise InvalidServers(f"{path} can't be written: {error.strerror}.") from None
    return path

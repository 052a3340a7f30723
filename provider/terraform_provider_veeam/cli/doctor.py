"""`terraform-provider-veeam doctor`: each step to Enterprise Manager, tried without any change."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import NamedTuple

from terraform_provider_veeam import __version__, attributes, config, packaging, platforms, servers
from terraform_provider_veeam.cli import arguments, connection, install, launcher, output
from terraform_provider_veeam.cli.streams import CommandFailed
from terraform_provider_veeam.em import client, settings
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.keep_alive import order, sockets
from terraform_provider_veeam.masking import mask, printable
from terraform_provider_veeam.text import counted, is_quoted

GOOD, NOTE, WRONG, NOT_TRIED = "good", "note", "wrong", "not tried"
_EPILOG = """\
Nothing is changed or mounted, and nothing secret is printed. "wrong" stands in the way, and makes
the exit code 1; "note" may be as you want it; "not tried" needs a step that went wrong. The
provider block of a configuration is not read.

"""
_WIDTH = 76  # of what is said, beside the other columns: it is for people
_SECONDS = 300.0
_CLOSE_SECONDS = 5.0
_PROGRAM_SECONDS = 20.0
_CLOCKS_APART = 60.0  # seconds that matter to nobody
_PREFIX = "VEEAM_EM_"
_LOCK_FILE = Path(".terraform.lock.hcl")
_LOCKED = re.compile(
    rf'^provider "[^"]+/{packaging.NAMESPACE}/{packaging.TYPE}" \{{\s*version\s*=\s*"([^"]+)"',
    re.MULTILINE,
)


class Note(str):
    """What may be as a person wants it; it says what to do if it is not."""

    __slots__ = ()


class Line(NamedTuple):
    """What came of a step."""

    check: str
    state: str
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    parser.epilog = _EPILOG + arguments.ENVIRONMENT
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    arguments.add_server(parser)


def run(options: argparse.Namespace) -> int:
    """Try each step, and print what came of it; returns the exit code."""
    with ExitStack() as stack:
        examination = Examination(options.server, stack)
        lines = examination.read()  # a person may be asked for a password
        with output.waiting_for("Trying each step"):
            lines += examination.look()
    if options.json:
        output.print_json([line._asdict() for line in lines])
    else:
        output.print_table(("CHECK", "STATE", "WHAT"), [row for one in lines for row in _rows(one)])
    return int(any(line.state == WRONG for line in lines))


def _rows(line: Line) -> Iterator[tuple[str, str, str]]:
    """Return the rows of the table for a step, a line of its text each."""
    head = line.check, line.state
    for text in line.text.splitlines():
        indent = " " * (len(text) - len(text.lstrip()))
        wrapper = textwrap.TextWrapper(
            _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        for part in wrapper.wrap(text):
            yield *head, part
            head = "", ""
    if any(head):  # nothing is said of it
        yield *head, ""


class Examination:
    """One look at all that a run would read and use. `stack` ends what it has opened."""

    def __init__(self, server: str | None, stack: ExitStack) -> None:
        self._server = server
        self._stack = stack
        self._deadline = Deadline("Trying each step", _SECONDS, stop=Event())
        self._bad: set[str] = set()
        self._settings: settings.Settings
        self._em: client.EnterpriseManager
        self._ahead: float | None

    def read(self) -> list[Line]:
        """Return what came of reading the settings."""
        return [self._try("variables", _variables), self._try("configuration", self._configuration)]

    def look(self) -> list[Line]:
        """Return what came of all other steps, once the settings were read."""
        return [
            self._try("proxy", self._proxy, "configuration"),
            self._try("address", self._address, "proxy"),
            self._try("TLS", self._tls, "address"),
            self._try("Enterprise Manager", self._root, "TLS"),
            self._try("clock", self._clock, "Enterprise Manager"),
            self._try("logon", self._logon, "Enterprise Manager"),
            self._try("role", self._role, "logon"),
            self._try("idle limit", _idle_limit),
            self._try("keepers", _keepers),
            self._try("installed", _installed),
            self._try("lock file", _lock_file),
            self._try("terraform", partial(_program, "terraform", "tofu")),
            self._try("tofu", partial(_program, "tofu", "terraform")),
        ]

    def _try(self, check: str, step: Callable[[], str], needs: str = "") -> Line:
        if needs in self._bad:
            self._bad.add(check)
            return Line(check, NOT_TRIED, f"needs: {needs}")
        try:
            text = step()
            state = NOTE if isinstance(text, Note) else GOOD
        except EnterpriseManagerError as error:
            state, text = WRONG, f"{error.summary}\n{error.detail}"
        except (config.InvalidConfiguration, CommandFailed, OSError, ValueError) as error:
            state, text = WRONG, str(error)
        if state == WRONG:
            self._bad.add(check)
            text = output.for_shell(text)
        return Line(check, state, mask(text))

    def _configuration(self) -> str:
        self._settings = found = connection.settings_of(self._server)
        # What a run would try again, and perhaps get over, is worth a line here.
        self._em = client.EnterpriseManager(replace(found, max_retries=0))
        self._stack.callback(self._em.close, _CLOSE_SECONDS)
        origins = config.origins({"server": self._server})
        values = {"url": found.base_url.removesuffix("/api"), "username": found.username}
        said = [f"{values.get(name) or name}: from {origin}" for name, origin in origins.items()]
        if not {"password", "session_token", *attributes.SOURCES} & set(origins):
            said.append("password: from the system's keyring, or as it was typed")
        if self._server or "server" in origins:
            said.append(f"The servers are in {servers.file()}.")
        return "\n".join(said)

    def _proxy(self) -> str:
        return self._em.diagnosis.proxy() or "none"

    def _address(self) -> str:
        who = "The proxy" if self._em.diagnosis.proxy() else "The server"
        return f"{who} answers at {self._em.diagnosis.address(self._deadline)}."

    def _tls(self) -> str:
        said = [self._em.diagnosis.tls(self._deadline)]
        if self._settings.certificate_fingerprint:
            said.append("Its fingerprint is the one that is set.")
        if self._settings.insecure:
            said.append("Nothing is checked (insecure): VEEAM_EM_CERTIFICATE_FINGERPRINT is safe.")
        text = "\n".join(said)
        return Note(text) if self._settings.insecure else text

    def _root(self) -> str:
        root = self._em.diagnosis.root(self._deadline)
        self._ahead = root.ahead
        wanted, known = self._settings.api_version, ", ".join(root.versions)
        if wanted != "latest" and root.versions and wanted not in root.versions:
            raise CommandFailed(
                f"It has {known} of the REST API, and not {wanted}: correct VEEAM_EM_API_VERSION, "
                "or leave it out."
            )
        return f"It has {known or 'no list of versions'} of the REST API; {wanted} is asked for."

    def _clock(self) -> str:
        if self._ahead is None or abs(self._ahead) <= _CLOCKS_APART:
            return "no time is told" if self._ahead is None else "as on this machine"
        apart = f"{abs(self._ahead):.0f} s {'ahead' if self._ahead > 0 else 'behind'}"
        return Note(
            f"The server's clock is {apart} of this machine's. Set both by the same time server: "
            "certificates are valid by this machine's time, restore points have the server's."
        )

    def _logon(self) -> str:
        self._em.diagnosis.log_on(self._deadline)
        return "the session token is taken" if self._em.session_is_borrowed else "accepted"

    def _role(self) -> str:
        rights = self._em.diagnosis.rights(self._deadline)
        may = [what for what, roles in rights.items() if not roles]
        said = [f"May read: {', '.join(may)}."] if may else []
        said += [
            f"May not read {what}; it takes the role {' or '.join(roles)}."
            for what, roles in rights.items()
            if roles
        ]
        text = "\n".join(said)
        if not may:
            raise CommandFailed(text)
        return Note(text) if rights.get("mount points") else text


def _variables() -> str:
    """Look for those that nobody reads, and for quotation marks that are part of a value."""
    names = sorted(name for name in os.environ if name.startswith(_PREFIX))
    quoted = [name for name in names if is_quoted(os.environ[name])]
    said = [config.unread_variables()] if config.unread_variables() else []
    said += [
        f"{name} is in quotation marks, which are part of it, as in a file for docker --env-file. "
        "Unless they are meant, set it without them."
        for name in quoted
    ]
    text = "\n".join(said)
    if re.search(rf"\b{_PREFIX}\w+ is ", text):  # else they may be those of another program
        raise CommandFailed(text)
    return Note(text) if text else ", ".join(map(printable, names)) or "none"


def _idle_limit() -> str:
    minutes, variable = f"{order.idle_limit() / 60:g} minutes", order.IDLE_LIMIT
    if os.environ.get(variable):
        return f"{minutes}, from {variable}"
    return f"{minutes}; if the server is set otherwise, say so in {variable}"


def _keepers() -> str:
    """Ask all processes that hold logon sessions. Raises OSError, CommandFailed."""
    held, silent = sockets.ask_all({"do": "list"})
    if silent:
        listening = ", ".join(map(str, silent))
        raise CommandFailed(f"The process that listens at {listening} is silent: end it.")
    return f"{counted(len(held), 'logon session')} held open on this machine"


def _installed() -> str:
    folder = Path(platforms.plugin_folder()).expanduser() / packaging.ADDRESSES[0]
    versions = sorted(found.parent.name for found in folder.glob(f"*/{install.target()}"))
    how = "To put it there: terraform-provider-veeam install"
    if __version__ not in versions:
        there = ", ".join(versions) or "nothing"
        return Note(
            f"{folder} has {there}, and not {__version__}: "
            f"`terraform init` takes it from a mirror or a registry. {how}"
        )
    name = install.PACKAGED if install.own_package() else launcher.launcher_name()
    install.try_out(folder / __version__ / install.target() / name)
    return f"{', '.join(versions)} in {folder}"


def _lock_file() -> str:
    if not _LOCK_FILE.exists():
        return "There is none in this folder."
    found = _LOCKED.findall(_LOCK_FILE.read_text("utf-8"))
    if set(found) <= {__version__}:
        return f"It has version {__version__}." if found else "It does not have the provider yet."
    return Note(
        f"It has version {', '.join(found)}, and this is {__version__}. To go on with this one: "
        "terraform init -upgrade"
    )


def _program(name: str, other: str) -> str:
    """Return the version of Terraform or OpenTofu; one of both will do."""
    path = shutil.which(name)
    if path is None:
        if shutil.which(other):
            return "not on the PATH"
        return Note(f"Neither {name} nor {other} is on the PATH. The commands need none of them.")
    try:
        said = subprocess.run(  # noqa: S603 - the user's own
            [path, "version", "-json"],
            env={**os.environ, "CHECKPOINT_DISABLE": "1"},  # it asks nobody for a newer one
            capture_output=True,
            timeout=_PROGRAM_SECONDS,
            check=True,
        ).stdout
        return f"{json.loads(said)['terraform_version']}, {path}"
    except (OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
        raise CommandFailed(f"{path} version -json does not tell its version: {error}") from None

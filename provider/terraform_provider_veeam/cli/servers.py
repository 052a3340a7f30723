"""`terraform-provider-veeam servers`: Enterprise Managers by name."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from threading import Event
from typing import Any

from terraform_provider_veeam import attributes, config, servers
from terraform_provider_veeam.cli import arguments, output
from terraform_provider_veeam.cli.streams import CommandFailed
from terraform_provider_veeam.em import client, errors, settings
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.text import counted

_SECONDS = 60.0
_CLOSE_SECONDS = 1.0
_USAGE = """\
terraform-provider-veeam servers list [--json]
       terraform-provider-veeam servers add NAME --url URL --username USER [OPTION...]
       terraform-provider-veeam servers remove NAME"""
_EPILOG = """\
`add` without --certificate-fingerprint or --ca-certificate asks the server for its certificate. If
this machine does not trust it, it is shown, and a person is asked whether it is the right one.

No password is written down. Each comes from the file or the command that is named, from
VEEAM_EM_PASSWORD or its like, from the system's keyring, or is asked for.
"""
_OPTIONS = {
    "url": ("URL", "its address, https://HOST[:9398]"),
    "username": ("USER", r"an account with a role in it, usually DOMAIN\user"),
    "certificate-fingerprint": ("SHA256", "fingerprint of its certificate"),
    "ca-certificate": ("FILE", "certificate of the authority that signed its own"),
    "password-file": ("FILE", "a file that has the password"),
    "password-command": ("COMMAND", "a command that prints the password, as of a password manager"),
    "api-version": ("VERSION", "version of the REST API, like v1_7 (default: latest)"),
    "request-timeout": ("TIME", "longest time for one HTTP request, like 30s"),
    "max-retries": ("N", "how often a request is tried again after a passing fault"),
}
_FILES = ("ca_certificate", "password_file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    parser.usage = _USAGE
    parser.epilog = _EPILOG
    action = arguments.one_of("list", "add", "remove")
    parser.add_argument("action", type=action, metavar="list | add | remove")
    parser.add_argument("name", nargs="?", type=arguments.text, metavar="NAME")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    for option, (what, help_) in _OPTIONS.items():
        parser.add_argument(f"--{option}", type=arguments.text, metavar=what, help=help_)


def run(options: argparse.Namespace) -> int:
    """List, add or remove servers; returns the exit code. Raises CommandFailed."""
    if (options.name is None) is not (options.action == "list"):
        sys.stderr.write(f"Usage: {_USAGE}\n")
        return 2
    try:
        if options.action == "list":
            return _list(as_json=options.json)
        if options.action == "remove":
            path = servers.remove(options.name)
            output.say(f"Removed {options.name} from {path}.")
            return 0
        names = [option.replace("-", "_") for option in _OPTIONS]
        given = {name: getattr(options, name) for name in names}
        return _add(options.name, {name: value for name, value in given.items() if value})
    except servers.InvalidServers as error:
        raise CommandFailed(str(error)) from None
    except errors.EnterpriseManagerError as error:
        output.say_error(error.summary, error.detail)
        return 1


def _list(*, as_json: bool) -> int:
    found = servers.read()
    if as_json:
        output.print_json([{"name": name, **entry} for name, entry in found.items()])
    elif found:
        output.print_table(
            ("NAME", "URL", "USERNAME", "CERTIFICATE", "PASSWORD"),
            [
                (name, str(entry.get("url", "")), str(entry.get("username", "")), *_ways(entry))
                for name, entry in found.items()
            ],
            dispensable=("PASSWORD", "CERTIFICATE", "USERNAME"),
        )
    output.say(f"{counted(len(found), 'server')} in {servers.file()}")
    return 0


def _ways(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return how a server is trusted, and where its password comes from."""
    trusted = {
        "insecure": "not checked",
        "certificate_fingerprint": "its fingerprint",
        "ca_certificate": "its authority",
    }
    found = {"password_file": "a file", "password_command": "a command"}
    return (
        next((how for name, how in trusted.items() if entry.get(name)), "the system's store"),
        next((where for name, where in found.items() if entry.get(name)), ""),
    )


def _add(name: str, entry: dict[str, Any]) -> int:
    for file in set(_FILES) & set(entry):
        path = os.path.expanduser(entry[file])  # noqa: PTH111 - it may be a certificate's text
        if os.path.exists(path):  # noqa: PTH110
            entry[file] = os.path.abspath(path)  # noqa: PTH100
    if "url" not in entry:
        raise CommandFailed("Give the server's address: --url https://HOST[:9398]")
    if problems := config.check({"server": name}, {}) + config.check(entry, {}):
        raise CommandFailed("\n".join(f"{one.summary}: {one.detail}" for one in problems))
    if name in servers.read():
        servers.add(name, entry)  # says that it is there already
    if not {"certificate_fingerprint", "ca_certificate"} & set(entry):
        entry |= _trusted(entry["url"])
    output.say(f"Added {name} to {servers.add(name, entry)}.")
    return 0


def _trusted(url: str) -> dict[str, str]:
    """Return how a server is trusted: as this machine does, or as a person says it is.

    Raises CommandFailed.
    """
    said: dict[str, str] = {}
    try:
        _look(url, said)
    except errors.CertificateNotTrusted as error:
        shown = error.fingerprint
        if shown is None:
            raise CommandFailed(str(error)) from None
        output.say(
            f"This machine does not trust the certificate of {url}. {error.about}\n"
            f"Its fingerprint (SHA-256):\n{shown}\n"
            "Compare it with the certificate on the server itself."
        )
    else:
        output.say(f"This machine trusts the certificate of {url}.")
        return said
    if not sys.stdin.isatty():
        raise CommandFailed(
            "There is no terminal to ask whether it is the right one. If it is, add the server "
            f"with: --certificate-fingerprint {shown}"
        )
    output.say("Is it the same? Write yes, or paste the fingerprint that the server shows:")
    answer = sys.stdin.readline().strip()
    said["certificate_fingerprint"] = shown if answer.lower() == "yes" else answer
    if not answer or config.check(said, {}):
        raise CommandFailed("The server is not added.")
    _look(url, said)
    return said


def _look(url: str, trusted: dict[str, str]) -> None:
    """Make sure that Enterprise Manager is there, and trusted. Raises what a request raises."""
    values = {
        name: attributes.ATTRIBUTES[name][1](value)
        for name, value in (trusted | {"url": url}).items()
    }
    door = client.EnterpriseManager(
        settings.Settings(base_url=values.pop("url"), max_retries=0, **values)
    )
    try:
        with output.waiting_for(f"Asking {url}"):
            door.sessions.check_server(Deadline("Looking at the server", _SECONDS, stop=Event()))
    finally:
        door.close(_CLOSE_SECONDS)

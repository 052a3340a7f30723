"""`terraform-provider-veeam completion`: what shells propose at a Tab, asked by argcomplete."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import argcomplete
from argcomplete.completers import BaseCompleter, FilesCompleter
from argcomplete.shell_integration import shellcode

from terraform_provider_veeam import config, private_folder, servers
from terraform_provider_veeam.cli import arguments
from terraform_provider_veeam.em import client
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.errors import EnterpriseManagerError
from terraform_provider_veeam.em.inventory import restore_points

_SHELLS = ("bash", "zsh", "fish", "powershell")
_EPILOG = """\
It proposes commands, options, files, servers, and machines if Enterprise Manager tells them within
half a second; nobody is asked for a password. To load it in each new shell:
  bash, in ~/.bashrc   source <(terraform-provider-veeam completion bash)
  zsh, in ~/.zshrc     source <(terraform-provider-veeam completion zsh)    after compinit
  fish, in ~/.config/fish/config.fish
                       terraform-provider-veeam completion fish | source
  PowerShell, in $PROFILE
                       iex (terraform-provider-veeam completion powershell | Out-String)
"""
_ABOUT = ("VEEAM_EM_SERVER", "VEEAM_EM_URL", "VEEAM_EM_USERNAME")
_SECONDS = 0.5  # for an answer
_LONGEST = 2.0  # seconds for a password, and for a logon: one that is cut off counts as well
_PATIENCE = 5.0  # seconds for all of it
_FRESH = 300.0  # seconds for which machines are known
_REFUSED = 1800.0  # seconds until another logon is tried: accounts get locked


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    parser.epilog = _EPILOG
    parser.add_argument("shell", type=arguments.one_of(*_SHELLS), metavar=" | ".join(_SHELLS))


def run(options: argparse.Namespace) -> int:
    """Print the script for a shell; returns the exit code."""
    print(shellcode(["terraform-provider-veeam"], shell=options.shell))
    return 0


def propose(parser: argparse.ArgumentParser, commands: Iterable[str]) -> None:
    """Tell the shell that asks what may stand where its cursor is. Ends the process."""
    argcomplete.autocomplete(
        parser, always_complete_options=False, default_completer=_Proposals(commands)
    )


class _Proposals(BaseCompleter):
    def __init__(self, commands: Iterable[str]) -> None:
        self._commands = commands

    def __call__(
        self,
        *,
        prefix: str,
        action: argparse.Action,
        parser: argparse.ArgumentParser,
        parsed_args: argparse.Namespace,
    ) -> list[str]:
        """Return what an argument may be."""
        shown = action.metavar if isinstance(action.metavar, str) else ""
        if "|" in shown:
            return re.split(r"\s*\|\s*", shown)
        if action.dest == "topic":
            return list(self._commands)
        if action.dest in ("machine", "pattern"):
            return _machines(getattr(parsed_args, "server", None))
        if action.dest in ("server", "name"):
            with suppress(servers.InvalidServers):
                return list(servers.read())
        if shown in ("DIR", "FILE", "ZIP"):
            return list(FilesCompleter()(prefix))
        return []


def _machines(server: str | None) -> list[str]:
    """Return the names of the machines, if they come in time."""
    found: list[str] = []

    def find() -> None:
        with suppress(config.InvalidConfiguration, EnterpriseManagerError, OSError, ValueError):
            found.extend(_known_or_found(server))

    # The system's keyring may ask a person, and wait.
    finding = threading.Thread(target=find, daemon=True)
    finding.start()
    finding.join(_PATIENCE)
    return found


def _known_or_found(server: str | None) -> list[str]:
    """Return the names of the machines, as they were found some minutes ago or as they are now."""
    about = [server, *map(os.environ.get, _ABOUT), servers.read()]
    name = hashlib.sha256(repr(about).encode()).hexdigest()[:16]
    file = Path(private_folder.private_folder(), f"machines-{name}.json")

    def keep(names: list[str], seconds: float) -> None:
        file.write_text(json.dumps({"until": time.time() + seconds, "names": names}), "utf-8")

    with suppress(OSError, ValueError, KeyError, TypeError):
        kept: dict[str, Any] = json.loads(file.read_bytes())
        if kept["until"] > time.time():
            return list(kept["names"])
    with _within(_LONGEST) as bound:
        settings = config.resolve({"server": server}, "terraform-provider-veeam", stop=bound.stop)
    em = client.EnterpriseManager(replace(settings, max_retries=0))
    try:
        with _within(_SECONDS) as bound:
            em.sessions.check_server(bound)
        keep([], _REFUSED)  # unless it is accepted, or if nobody waits for the answer
        with _within(_LONGEST) as bound:
            em.sessions.browsing(bound)
        keep([], 0)
        with _within(_SECONDS) as bound:
            found = em.machines.find(restore_points.Wanted(), bound)
    finally:
        em.close(_LONGEST)
    names = list(dict.fromkeys(one.name for one in found.machines))
    keep(names, _FRESH)
    return names


@contextmanager
def _within(seconds: float) -> Iterator[Deadline]:
    """Stop what goes on in the block after so many seconds, whatever it waits for."""
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    try:
        yield Deadline("Completing", seconds, stop=stop)
    finally:
        timer.cancel()

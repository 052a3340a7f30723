"""The commands of `terraform-provider-veeam` for people. Not imported under Terraform.

Each is a module of its name, imported when it is called, with `add_arguments(parser)` and
`run(options)`. The `run` of those that need Enterprise Manager takes a connection before that.
"""

import argparse
import importlib
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from terraform_provider_veeam import __version__
from terraform_provider_veeam.em.patterns import similar_names
from terraform_provider_veeam.masking import printable
from tfplugin.process.lazy_modules import make_lazy

_BY_HAND = """\
terraform-provider-veeam {version}, a provider for Terraform and OpenTofu.

Terraform starts this program by itself. To use it:

  terraform-provider-veeam install     put it where `terraform init` finds it
  terraform-provider-veeam find        which backup still has a file; `get` fetches it
  terraform-provider-veeam help        everything else it can do
"""
COMMANDS = {
    "machines": "list the machines that have restore points",
    "points": "list the restore points of a machine",
    "ls": "list a folder in a restore point",
    "get": "download files and folders of a restore point",
    "restore": "put files and folders of an indexed VM back into it, over what is there",
    "find": "find the newest restore point that still has a file",
    "install": "put the provider where `terraform init` and `tofu init` find it",
    "mirror": "lay packages out as a mirror for `terraform init`",
    "servers": "list, add and remove Enterprise Managers by name",
    "doctor": "try each step to Enterprise Manager, and say what to do",
    "keep-alive": "hold logon sessions open, so that their mount points live on",
    "completion": "print what bash, zsh, fish or PowerShell need to complete commands",
    "serve": "serve a Terraform that is started by hand, for debugging",
    "version": "print the version",
    "help": "explain a command",
}
EXAMPLES = {
    "machines": ("machines", "machines 'oracle*' --type vm"),
    "points": ("points oracle03", "points oracle03 --after 2026-11-01 --json"),
    "ls": (
        "ls oracle03",
        "ls oracle03@2026-11-13 'E:/Docs'",
        "ls web02 'Volume$0:/etc' --os-kind Linux",
    ),
    "get": (
        "get oracle03@2026-11-13 'E:/Docs/Offers.docx' --to restored",
        "get oracle03 'E:/Docs/**/*.docx' --to restored --dry-run",
    ),
    "restore": ("restore oracle03@2026-11-13 'E:/Docs/Offers.docx'",),
    "find": (
        "find oracle03 Contract.docx",
        "find oracle03 'E:/Docs/*.docx' --all --after 2026-11-01",
    ),
    "install": ("install", "install --plugin-dir /usr/local/share/terraform/plugins"),
    "mirror": ("mirror /srv/mirror terraform-provider-veeam_0.1.0_linux_amd64.zip",),
    "servers": (
        "servers add zurich --url https://em.example.com --username 'EXAMPLE\\backup'",
        "servers list",
        "servers remove zurich",
    ),
    "doctor": ("doctor", "doctor --server zurich"),
    "keep-alive": ("keep-alive list", "keep-alive stop --all"),
    "completion": ("completion bash",),
    "serve": ("serve",),
    "version": ("version",),
    "help": ("help find",),
}
_CONNECTED = ("machines", "points", "ls", "get", "restore", "find")
# What a command uses once its arguments are right: half a second that `--help` need not wait for.
_SLOW = (
    *("attributes", "config", "provider", "servers", "cli.connection", "cli.install", "cli.lookup"),
    *("cli.output", "em.client", "em.files.destination", "em.files.folders", "em.files.listing"),
    *("em.files.manifest", "em.files.plan", "em.files.transfer", "em.index", "em.settings"),
    *("em.inventory.restore_points", "keep_alive.holder", "keep_alive.keeper", "keep_alive.order"),
    *("keep_alive.sockets", "keep_alive.start"),
)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser, parsers = _parsers()
    name = arguments[0] if arguments else ""
    if "_ARGCOMPLETE" in os.environ:  # a shell asks
        for asked in os.environ.get("COMP_LINE", "").split()[1:2]:
            if asked in COMMANDS:
                _prepare(asked, parsers[asked])
        _module("completion").propose(parser, COMMANDS)
    if name in COMMANDS:
        command = _prepare(name, parsers[name])
        # Options may stand between arguments, which argparse can't do by itself below a command,
        # nor together with `--`.
        parse = parsers[name].parse_intermixed_args
        if "--" in arguments:
            parse = parsers[name].parse_args
        options = parse(arguments[1:])
        if name in _CONNECTED:
            return int(_module("connection").run(command.run, options))
        return int(command.run(options))
    if name and not name.startswith("-"):
        meant = "".join(f", is {one} meant?" for one in similar_names(name, COMMANDS)[:1])
        parser.error(f'there is no command "{printable(name)}"{meant}')
    parser.parse_args(arguments)
    sys.stderr.write(_BY_HAND.format(version=__version__))
    return 1


def _prepare(name: str, parser: argparse.ArgumentParser) -> Any:
    """Return the module of a command whose parser has its arguments and examples."""
    command = _module(name)
    command.add_arguments(parser)
    lines = "".join(f"  {parser.prog.split()[0]} {line}\n" for line in EXAMPLES[name])
    parser.epilog = f"{parser.epilog or ''}\nexamples:\n{lines}".lstrip()
    return command


class _Parser(argparse.ArgumentParser):
    """Names the option that may be meant."""

    def error(self, message: str) -> NoReturn:
        """Tell what is wrong, and end the process."""
        if unknown := re.match(r"unrecognized arguments: --?([\w-]+)", message):
            known = {option.lstrip("-"): option for option in self._option_string_actions}
            similar = similar_names(unknown[1], known)[:1]
            message += "".join(f", is {known[one]} meant?" for one in similar)
        super().error(message)


class _Formatter(argparse.HelpFormatter):
    """Leaves the lines of a text that has several."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _module(name: str) -> Any:
    if name != "install":  # it loads everything, to compile it
        make_lazy(*(f"terraform_provider_veeam.{one}" for one in _SLOW))
        make_lazy("tfplugin.process.server", "tfplugin.rpc.servicer")
    return importlib.import_module(f"{__package__}.{name.replace('-', '_')}")


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the parser of the whole, and those of the commands, which have no arguments yet."""
    parser = _Parser(
        prog="terraform-provider-veeam",
        description="Terraform and OpenTofu provider for Veeam Backup Enterprise Manager.",
        epilog="Without a command it serves Terraform, which starts it by itself.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(metavar="COMMAND")
    return parser, {
        name: commands.add_parser(
            name, help=what, description=f"{what[0].upper()}{what[1:]}.", formatter_class=_Formatter
        )
        for name, what in COMMANDS.items()
    }

"""The commands of `terraform-provider-veeam` for people. Not imported under Terraform."""

import argparse
import sys
from collections.abc import Mapping, Sequence

from terraform_provider_veeam import __version__
from terraform_provider_veeam.cli.arguments import add_restore_commands, checked, file_path, text
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import parse_duration

_BY_HAND = """\
terraform-provider-veeam {version}, a provider for Terraform and OpenTofu.

Terraform starts this program by itself. To use it:

  terraform-provider-veeam install     put it where `terraform init` finds it
  terraform-provider-veeam find        which backup still has a file; `get` fetches it
  terraform-provider-veeam help        everything else it can do
"""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    parser, commands = _parsers()
    name = arguments[0] if arguments else ""
    if name in commands:
        # Options may stand between arguments, which argparse can't do by itself below a command,
        # nor together with `--`.
        command, rest = commands[name], arguments[1:]
        options = (command.parse_args if "--" in rest else command.parse_intermixed_args)(rest)
    elif name and not name.startswith("-"):
        parser.error(f'there is no command "{printable(name)}"')
    else:
        options = parser.parse_args(arguments)
    if name == "help":
        return run([*options.topic, "--help"])
    if name in _COMMANDS:
        options.command = name
        return _COMMANDS[name](options)
    sys.stderr.write(_BY_HAND.format(version=__version__))
    return 1


def _install(options: argparse.Namespace) -> int:
    from terraform_provider_veeam.cli import install  # noqa: PLC0415 - each its own

    return install.run(options.plugin_dir)


def _mirror(options: argparse.Namespace) -> int:
    from terraform_provider_veeam.cli import mirror  # noqa: PLC0415

    return mirror.run(options.folder, options.packages)


def _serve(_: argparse.Namespace) -> int:
    from terraform_provider_veeam.masking import mask  # noqa: PLC0415
    from terraform_provider_veeam.packaging import TYPE  # noqa: PLC0415
    from terraform_provider_veeam.provider import VeeamProvider  # noqa: PLC0415
    from tfplugin.process.server import serve_debug  # noqa: PLC0415
    from tfplugin.rpc.servicer import ProviderServicer  # noqa: PLC0415

    return serve_debug(VeeamProvider, ProviderServicer, name=TYPE, mask=mask)


def _version(_: argparse.Namespace) -> int:
    print(f"terraform-provider-veeam {__version__}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    from terraform_provider_veeam.cli import connection, files, inventory  # noqa: PLC0415

    command = {
        "machines": inventory.machines,
        "points": inventory.points,
        "ls": files.ls,
        "get": files.get,
        "find": files.find,
    }[options.command]
    return connection.run(lambda opened: command(opened, options))


def _keep_alive(options: argparse.Namespace) -> int:
    from terraform_provider_veeam.cli import keep_alive  # noqa: PLC0415

    if options.action == "list":
        return keep_alive.list_sessions()
    if options.action == "stop":
        if not options.session and not options.all:
            sys.stderr.write("Name the logon sessions (keep-alive list), or give --all.\n")
            return 2
        return keep_alive.stop_holding(options.session, all_of_them=options.all)
    if options.seconds is None or sys.stdin.isatty():
        sys.stderr.write(
            "Usage: terraform state pull | terraform-provider-veeam keep-alive --for 4h\n"
            "       terraform-provider-veeam keep-alive list\n"
            "       terraform-provider-veeam keep-alive stop SESSION... | --all\n"
        )
        return 2
    return keep_alive.hold_from_state(sys.stdin.buffer, options.seconds, detach=options.detach)


_COMMANDS = {
    **dict.fromkeys(("machines", "points", "ls", "get", "find"), _restore),
    "install": _install,
    "mirror": _mirror,
    "keep-alive": _keep_alive,
    "serve": _serve,
    "version": _version,
}


def _parsers() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """Return the parser of the whole, and those of the commands."""
    parser = argparse.ArgumentParser(
        prog="terraform-provider-veeam",
        description="Terraform and OpenTofu provider for Veeam Backup Enterprise Manager.",
        epilog="Without a command it serves Terraform, which starts it by itself.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    add_restore_commands(commands)
    install = commands.add_parser(
        "install",
        help="put the provider where `terraform init` and `tofu init` find it",
        description="Put the provider where `terraform init` and `tofu init` find it, without "
        "any setting in their configuration files. What they take the checksum of, for "
        ".terraform.lock.hcl, is the same on every machine; which Python has the provider is in a "
        "note beside it.",
    )
    install.add_argument(
        "--plugin-dir",
        type=file_path,
        metavar="DIR",
        help="the folder of a filesystem mirror (default: ~/.terraform.d/plugins)",
    )
    mirror = commands.add_parser(
        "mirror",
        help="lay packages out as a mirror for `terraform init`",
        description="Copy packages into a folder that is both a filesystem mirror and the files "
        "of a network mirror, with the hashes that lock files need. Packages of other versions "
        "and platforms that are there already are kept.",
    )
    mirror.add_argument("folder", type=file_path, metavar="DIR", help="the mirror, made if need be")
    mirror.add_argument(
        "packages",
        type=file_path,
        nargs="+",
        metavar="ZIP",
        help="terraform-provider-veeam_VERSION_OS_ARCH.zip",
    )
    _add_keep_alive(commands)
    serve = commands.add_parser(
        "serve",
        help="serve a Terraform that is started by hand, for debugging",
        description="Serve until Ctrl-C, and print the TF_REATTACH_PROVIDERS that lets Terraform "
        "use this very process, for example one that a debugger watches. What the provider block "
        "leaves out is read from VEEAM_EM_URL and the other VEEAM_EM_* variables of this process, "
        "not of Terraform's: set them here.",
    )
    serve.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)  # need not be given
    commands.add_parser("version", help="print the version")
    help_ = commands.add_parser("help", help="explain a command")
    help_.add_argument("topic", nargs="*", metavar="COMMAND")
    return parser, commands.choices


def _add_keep_alive(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    keep_alive = commands.add_parser(
        "keep-alive",
        help="hold logon sessions open, so that their mount points live on",
        usage="terraform state pull | terraform-provider-veeam keep-alive --for TIME [--detach]\n"
        "       terraform-provider-veeam keep-alive list\n"
        "       terraform-provider-veeam keep-alive stop SESSION... | --all",
        description="Hold the logon sessions of a state's mount points open, in the foreground or, "
        "with --detach, in a process that goes on by itself; or list the sessions that are held on "
        "this machine, and stop holding them. "
        "How the server's certificate is checked comes from the environment, as for the provider: "
        "VEEAM_EM_CA_CERTIFICATE, VEEAM_EM_CERTIFICATE_FINGERPRINT, VEEAM_EM_INSECURE.",
    )
    keep_alive.add_argument(
        "action", nargs="?", type=checked(_keep_alive_action), metavar="list | stop"
    )
    keep_alive.add_argument("session", nargs="*", type=text, metavar="SESSION", help="as listed")
    keep_alive.add_argument("--all", action="store_true", help="stop holding all of them")
    keep_alive.add_argument(
        "--for",
        dest="seconds",
        type=checked(parse_duration),
        metavar="TIME",
        help="how long, like 4h or 90m",
    )
    keep_alive.add_argument(
        "--detach",
        action="store_true",
        help="return as soon as the sessions are held, by a process of their own; fail if not",
    )


def _keep_alive_action(given: str) -> str:
    if given not in ("list", "stop"):
        raise ValueError(f'"{given}" is neither list nor stop')
    return given

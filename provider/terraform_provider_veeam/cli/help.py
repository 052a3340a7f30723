"""`terraform-provider-veeam help`, as each command's `--help`."""

import argparse

from terraform_provider_veeam.cli import commands


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command that is explained."""
    parser.add_argument("topic", nargs="*", metavar="COMMAND")


def run(options: argparse.Namespace) -> int:
    """Explain a command, or all of them; returns the exit code."""
    return commands.run([*options.topic, "--help"])

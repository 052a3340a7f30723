"""`terraform-provider-veeam version`."""

import argparse

from terraform_provider_veeam import __version__


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add nothing."""


def run(_: argparse.Namespace) -> int:
    """Print the version; returns the exit code."""
    print(f"terraform-provider-veeam {__version__}")
    return 0

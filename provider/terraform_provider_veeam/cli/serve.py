"""`terraform-provider-veeam serve`: a provider that a debugger can watch."""

import argparse

from terraform_provider_veeam import provider
from terraform_provider_veeam.masking import mask
from terraform_provider_veeam.packaging import TYPE
from tfplugin.process import server
from tfplugin.rpc import servicer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it does."""
    parser.description = (
        "Serve until Ctrl-C, and print the TF_REATTACH_PROVIDERS that lets Terraform use this very "
        "process, for example one that a debugger watches. What the provider block leaves out is "
        "read from VEEAM_EM_URL and the other VEEAM_EM_* variables of this process, not of "
        "Terraform's: set them here."
    )
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)  # need not be given


def run(_: argparse.Namespace) -> int:
    """Serve until Ctrl-C; returns the exit code."""
    return server.serve_debug(
        provider.VeeamProvider, servicer.ProviderServicer, name=TYPE, mask=mask
    )

"""Write what Terraform asks of every process first into a module; with --check, only compare it.

So these calls can be answered before any class of the provider is imported.
"""

import argparse
import sys
from pathlib import Path

from terraform_provider_veeam import __version__
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.wire import tfplugin6_pb2 as pb

ROOT = Path(__file__).resolve().parent.parent
MODULE = ROOT / "provider" / "terraform_provider_veeam" / "schema_answers.py"
CALLS = ("GetMetadata", "GetProviderSchema", "GetResourceIdentitySchemas", "GetFunctions")
TEMPLATE = '''\
# Made by `make schema` from the provider's classes: change those.
"""The answers to what Terraform asks of every process first, as they go over the wire."""

VERSION = {version!r}
ANSWERS = {{
{answers}}}
'''


def generate() -> str:
    """Return the text of the module."""
    servicer = ProviderServicer(VeeamProvider(), mask=str)
    answers = {
        name: getattr(servicer, name)(getattr(pb, name).Request()).SerializeToString(
            deterministic=True
        )
        for name in CALLS
    }
    lines = (f"    {name!r}: {answer!r},\n" for name, answer in answers.items())
    return TEMPLATE.format(version=__version__, answers="".join(lines))


def main() -> None:
    """Write the module, or compare it with what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    check = parser.parse_args().check
    text = generate()
    if not check:
        MODULE.write_text(text, encoding="utf-8")
    elif not MODULE.exists() or MODULE.read_text(encoding="utf-8") != text:
        sys.exit(f"{MODULE.name} is not what the classes say. Run `make schema` and commit.")


if __name__ == "__main__":
    main()

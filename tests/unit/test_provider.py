"""Which objects there are, and that none is imported before a call names it."""

import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from terraform_provider_veeam import objects
from terraform_provider_veeam.provider import VeeamProvider
from tfplugin import interfaces

NAMES_ONLY = """
import sys
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.wire import tfplugin6_pb2 as pb
from terraform_provider_veeam.provider import VeeamProvider

def objects():
    kinds = ("resources", "data_sources", "ephemeral", "lists", "actions", "functions")
    found = [name.removeprefix("terraform_provider_veeam.objects.") for name in sys.modules]
    return [name for name in found if name.startswith(kinds)]

servicer = ProviderServicer(VeeamProvider(), mask=str)
named = servicer.GetMetadata(pb.GetMetadata.Request())
print(len(named.data_sources) > 1, objects())
servicer.CallFunction(pb.CallFunction.Request(name="parse_uid"))
print(objects())
"""

CONFIGURED = """
import sys, threading
from tf.utils import Diagnostics
from tfplugin.contexts import ConfigureContext
from terraform_provider_veeam.provider import VeeamProvider
from terraform_provider_veeam.masking import hide

provider = VeeamProvider()
config = dict.fromkeys(attribute.name for attribute in provider.schema.attributes)
config |= {"url": "https://em.example", "username": "u", "password": "canary42"}
ctx = ConfigureContext(Diagnostics(), "", threading.Event())
print(provider.is_configured)
provider.configure(ctx, config)
provider.close(1.0)
print(provider.is_configured, "urllib3" in sys.modules, hide("canary42"))
print(provider.em is provider.em, "requests" in sys.modules)
lazy = ("bz2", "charset_normalizer", "idna", "lzma", "zipfile")
print({type(sys.modules[name]).__name__ for name in lazy})
import requests
print(requests.Request("GET", "https://b\u00fccher.example").prepare().url)
"""


def kinds() -> dict[type[Any], Mapping[str, type[Any]]]:
    provider = VeeamProvider()
    return {
        interfaces.Resource: provider.resources,
        interfaces.DataSource: provider.data_sources,
        interfaces.EphemeralResource: provider.ephemeral_resources,
        interfaces.ListResource: provider.list_resources,
        interfaces.Action: provider.actions,
        interfaces.Function: provider.functions,
    }


def test_every_name_leads_to_an_object_of_its_kind() -> None:
    for kind, classes in kinds().items():
        for name, cls in classes.items():
            assert issubclass(cls, kind), name
            own = name.removeprefix("veeam_")
            file = "functions" if kind is interfaces.Function else own
            plural = f"{own.removesuffix('y')}ies" if own.endswith("y") else f"{own}s"
            assert cls.__module__.rpartition(".")[2] in (file, plural)


def test_every_object_has_a_name() -> None:
    folder = Path(objects.__path__[0])
    for file in folder.rglob("*.py"):
        module = ".".join(file.relative_to(folder).with_suffix("").parts)
        import_module(f"{objects.__name__}.{module}")
    named = {cls for classes in kinds().values() for cls in classes.values()}
    unnamed = [cls for kind in kinds() for cls in concrete(kind) if cls not in named]
    assert unnamed == []


def concrete(cls: type[Any]) -> list[type[Any]]:
    """Return the provider's own classes below one that leave nothing to others."""
    below = [found for inner in cls.__subclasses__() for found in concrete(inner)]
    own = cls.__module__.startswith(f"{objects.__name__}.") and not cls.__abstractmethods__
    return [cls, *below] if own else below


def test_an_object_is_imported_when_a_call_names_it() -> None:
    assert run(NAMES_ONLY) == ["True []", "['functions']"]


def test_the_client_is_made_when_there_is_something_to_ask_the_server() -> None:
    lines = run(CONFIGURED)
    assert lines[:3] == ["False", "True False ***", "True True"]
    assert lines[3:] == ["{'_LazyModule'}", "https://xn--bcher-kva.example/"]


def run(script: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """Return the lines that a new interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.splitlines()

"""Modules that others import and nobody uses here: each runs once it is asked for anything.

Like `importlib.util.LazyLoader`, which a second `import` of the same module would already trigger.
"""

import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from itertools import accumulate
from types import ModuleType
from typing import Any

# Loading may lead to another of these modules.
_lock = threading.RLock()
_being_loaded: set[str] = set()


def defer_what_is_not_used() -> None:
    """Make lazy what libraries import for what no server under Terraform does."""
    make_lazy("asyncio", "grpc.aio", "google.protobuf.internal.python_message")
    make_lazy("inspect", "textwrap", "tokenize")
    make_lazy("typing_extensions", having={"override": lambda method: method})
    make_lazy("importlib.metadata", having={"version": _version})


def _version(name: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - it loads when it is asked

    return metadata.distribution(name).version


def make_lazy(*names: str, having: Mapping[str, object] | None = None) -> None:
    """Have modules load when they are used, not when imported; `having` is there before."""
    for name in names:
        try:
            spec = None if name in sys.modules else _find(name)
        except ImportError:  # a program that was built without it says so
            continue
        if spec and spec.loader:
            module = module_from_spec(spec)
            module.__dict__.update(having or {})
            module.__class__ = _LazyModule
            sys.modules[name] = module


class _LazyModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        """Load the module, and return what it then has of that name."""
        if name == "__path__":  # `from module import name` asks whether it is a package
            raise AttributeError(name)
        with _lock:
            if self.__class__ is _LazyModule and self.__name__ not in _being_loaded:
                _being_loaded.add(self.__name__)
                try:
                    self.__spec__.loader.exec_module(self)  # type: ignore[union-attr]
                    self.__class__ = ModuleType  # type: ignore[assignment]
                finally:
                    _being_loaded.remove(self.__name__)
        return self.__getattribute__(name)


def _find(name: str) -> ModuleSpec | None:
    """Return where a module is, without importing the packages that it is in."""
    path: Sequence[str] | None = None
    spec = None
    for part in accumulate(name.split("."), "{}.{}".format):
        found = (finder.find_spec(part, path) for finder in sys.meta_path)
        spec = next(filter(None, found), None)
        path = spec.submodule_search_locations if spec else None
    return spec

"""Modules that others import and nobody uses here: each runs once it is asked for anything.

Like `importlib.util.LazyLoader`, which a second `import` of the same module would already trigger.
"""

from __future__ import annotations

import sys
import threading
from importlib.util import module_from_spec
from itertools import accumulate
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

# Loading may lead to another of these modules.
_lock = threading.RLock()
_being_loaded: set[str] = set()


def make_lazy(*names: str) -> None:
    """Have these modules, if there are such, load when they are used and not when imported."""
    for name in names:
        spec = None if name in sys.modules else _find(name)
        if spec and spec.loader:
            module = module_from_spec(spec)
            module.__class__ = _LazyModule
            sys.modules[name] = module


class _LazyModule(ModuleType):
    """A module that has not been used yet."""

    def __getattr__(self, name: str) -> Any:
        """Load the module, and return what it then has of that name."""
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

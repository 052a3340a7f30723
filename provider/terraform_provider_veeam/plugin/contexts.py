"""What a call of Terraform hands to the provider's objects, and takes back from them.

Plain classes: a dataclass is compiled at import, and Terraform's user waits for that every time.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime as dt
    import threading

    from tf.utils import Diagnostics

State = dict[str, Any]
"""Python values by attribute name; each may be None or `tf.types.Unknown`."""

Path = list[Any]
"""Where a value is: names, and `(key,)` or `(index,)` for elements, as in `tf`."""


class DeferredReason(IntEnum):
    """Why a provider can't answer yet."""

    RESOURCE_CONFIG_UNKNOWN = 1
    PROVIDER_CONFIG_UNKNOWN = 2
    ABSENT_PREREQUISITE = 3


class Context:
    """What every call has: where to put diagnostics, and the event that asks to stop waiting."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        type_name: str,
        stop: threading.Event,
        *,
        client_can_defer: bool = False,
    ) -> None:
        self.diagnostics = diagnostics
        self.type_name = type_name
        self.stop = stop
        self.client_can_defer = client_can_defer
        self.deferred: DeferredReason | None = None

    def defer(self, reason: DeferredReason) -> None:
        """Ask Terraform to come back later; an error unless `client_can_defer`."""
        self.deferred = reason


class ConfigureContext(Context):
    """Configuration of the provider; `terraform_version` is the client's."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        stop: threading.Event,
        terraform_version: str,
        *,
        client_can_defer: bool = False,
    ) -> None:
        super().__init__(diagnostics, "", stop, client_can_defer=client_can_defer)
        self.terraform_version = terraform_version


class ValidateContext(Context):
    """Validation of a block as it is written: values may be Unknown, nothing may be contacted."""


class ResourceContext(Context):
    """A resource's call: private state and identity are read here, and set to change them."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        type_name: str,
        stop: threading.Event,
        *,
        client_can_defer: bool = False,
        private: bytes = b"",
        identity: State | None = None,
    ) -> None:
        super().__init__(diagnostics, type_name, stop, client_can_defer=client_can_defer)
        self.private = private
        self.identity = identity


class ReadContext(ResourceContext):
    """Reading a resource."""


class ImportContext(ResourceContext):
    """Import; by identity, `identity` holds it and the id is empty."""


class UpgradeContext(Context):
    """Bringing an older state to the schema's version."""


class ChangeContext(ResourceContext):
    """A change of a resource; `config` is what is written, None when it is to be deleted."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        type_name: str,
        stop: threading.Event,
        *,
        client_can_defer: bool = False,
        private: bytes = b"",
        identity: State | None = None,
        config: State | None = None,
    ) -> None:
        super().__init__(
            diagnostics,
            type_name,
            stop,
            client_can_defer=client_can_defer,
            private=private,
            identity=identity,
        )
        self.config = config


class PlanContext(ChangeContext):
    """Planning; append a path to `requires_replace` when its change needs a new resource."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        type_name: str,
        stop: threading.Event,
        **rest: Any,
    ) -> None:
        super().__init__(diagnostics, type_name, stop, **rest)
        self.requires_replace: list[Path] = []


class CreateContext(ChangeContext):
    """Creating a resource."""


class UpdateContext(ChangeContext):
    """Changing a resource in place."""


class DeleteContext(ChangeContext):
    """Deleting a resource."""


class ReadDataContext(Context):
    """Reading a data source."""


class EphemeralContext(Context):
    """An open ephemeral resource: `private` comes back in renew and close.

    `renew_at`, an aware datetime, asks for `renew` at that time.
    """

    def __init__(
        self,
        diagnostics: Diagnostics,
        type_name: str,
        stop: threading.Event,
        *,
        client_can_defer: bool = False,
        private: bytes = b"",
    ) -> None:
        super().__init__(diagnostics, type_name, stop, client_can_defer=client_can_defer)
        self.private = private
        self.renew_at: dt.datetime | None = None


class ListContext(Context):
    """A listing: at most `limit` results, with their whole state when that is asked for."""

    def __init__(
        self,
        diagnostics: Diagnostics,
        type_name: str,
        stop: threading.Event,
        *,
        limit: int,
        include_resource_object: bool,
    ) -> None:
        super().__init__(diagnostics, type_name, stop)
        self.limit = limit
        self.include_resource_object = include_resource_object


class ActionContext(Context):
    """Planning or running an action."""

"""What a call of Terraform hands to the provider's objects, and takes back from them.

Plain classes: a dataclass is compiled at import, and Terraform's user waits for that every time.
"""

import datetime as dt
import threading
from typing import Any

from tf.utils import Diagnostics

State = dict[str, Any]
"""Python values by attribute name; each may be None or `Unknown`."""

Path = list[Any]
"""Where a value is: names, and `(key,)` or `(index,)` for elements, as in `tf`."""


class Context:
    """What every call has: where to put diagnostics, and the event that ends every wait."""

    deferred = False
    config: State | None = None
    """What is written, as it is spelt; None when a resource is read, deleted or imported."""

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

    def defer(self) -> None:
        """Ask Terraform to come back once all is configured; only if `client_can_defer`."""
        self.deferred = True


class ConfigureContext(Context):
    """Configuration of the provider; `terraform_version` is the client's."""

    terraform_version = ""


class ResourceContext(Context):
    """A resource's call: private state and identity are read here, and set to change them."""

    private = b""
    identity: State | None = None
    """In an import by identity, what is looked for; the id is empty then."""


class PlanContext(ResourceContext):
    """Planning; append a path to `requires_replace` when its change needs a new resource."""

    requires_replace: list[Path]


class EphemeralContext(Context):
    """An open ephemeral resource: `private` comes back in renew and close."""

    private = b""
    renew_at: dt.datetime | None = None
    """Set it, to an aware datetime, to have `renew` called at that time."""


class ListContext(Context):
    """A listing: at most `limit` results, with their whole state when that is asked for."""

    limit = 0
    include_resource_object = False

"""What the objects of each kind, made for one call, share: the client, deferral, deadlines."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.em.deadline import Clock, Deadline
from terraform_provider_veeam.em.errors import AccessDenied, EnterpriseManagerError, Gone
from terraform_provider_veeam.em.models import LogonSession
from terraform_provider_veeam.keep_alive.holder import BackgroundHolder
from terraform_provider_veeam.keep_alive.order import idle_limit
from terraform_provider_veeam.mount_sessions.registry import SessionRegistry
from tfplugin import contexts, interfaces
from tfplugin.attribute import Attribute, NestedAttribute, optional
from tfplugin.contexts import Context, State
from tfplugin.errors import Refused
from tfplugin.schema import Schema
from tfplugin.types import Unknown

if TYPE_CHECKING:
    # It imports the whole client, which no validation needs.
    from terraform_provider_veeam.em.client import EnterpriseManager

__all__ = ["Context", "Deadline", "State"]

_RENEW_SECONDS = 60.0
_CALLS = {
    "create": "making it",
    "read": "looking it up",
    "update": "changing it",
    "delete": "removing it",
    "open": "making it",
    "invoke": "all that the action does",
    "list": "the whole listing",
}
"""The calls of Terraform in which an object may wait, and what each does."""


class Configured(Protocol):
    """The provider, as its objects see it."""

    clock: Clock
    registry: SessionRegistry
    holder: BackgroundHolder
    dropped: set[tuple[str, ...]]
    """Resources that a read has found gone: their types, and what else tells them apart."""
    stored: dict[tuple[str, ...], str]
    """The ids of objects in jobs that Terraform has, by the same."""
    taken_over: set[str]
    """The ids of those whose successors keep what they have made."""

    @property
    def is_configured(self) -> bool:
        """Whether the configuration is known."""

    @property
    def em(self) -> EnterpriseManager:
        """The client. Raises Refused while the configuration is not known."""


def block(description: str, *attributes: Attribute, **timeouts: str) -> Schema:
    """Return the schema of an object; it waits in the calls that `timeouts` has defaults for."""
    longest = [
        optional(
            call,
            f"For {_CALLS[call]}. Default `{default}`.",
            check=parse_duration,
            fallback=default,
        )
        for call, default in timeouts.items()
    ]
    said = "The longest times for the work on the server, like `90s` or `1h30m`."
    return Schema(
        description=description,
        attributes=[*attributes, NestedAttribute("timeouts", longest, said, optional=True)],
    )


class VeeamObject:
    """An object of the provider."""

    schema: ClassVar[Schema]
    operation: ClassVar[str]
    """What an error says took too long; for a data source with names of attributes in braces."""

    def __init__(self, provider: Configured) -> None:
        self._provider = provider
        self._registry = provider.registry

    @property
    def em(self) -> EnterpriseManager:
        """The client. Raises Refused while the configuration is not known."""
        return self._provider.em

    def is_deferred(self, ctx: Context) -> bool:
        """Tell whether Terraform has to call again later. Raises Refused when it can't do that."""
        if self.may_be_deferred(ctx):
            return True
        _ = self.em
        return False

    def may_be_deferred(self, ctx: Context) -> bool:
        """Tell whether Terraform calls again later; False too when it can't do that."""
        if not self._provider.is_configured and ctx.client_can_defer:
            ctx.defer()
            return True
        return False

    @contextmanager
    def looking_up(self) -> Iterator[None]:
        """Have what is not found tell how to destroy all the same."""
        try:
            yield
        except (Refused, Gone) as error:
            error.add("To destroy without this look-up: terraform destroy -refresh=false.")
            raise

    def deadline(
        self, ctx: Context, seconds: float, operation: str, setting: str | None = None
    ) -> Deadline:
        """Return the deadline of a call that Terraform can stop; see Deadline for the rest."""
        return Deadline(
            operation, seconds, stop=ctx.stop, clock=self._provider.clock, setting=setting
        )

    def deadline_for(
        self, ctx: Context, call: str, values: State, operation: str, more: float = 0.0
    ) -> Deadline:
        """Return the deadline that `timeouts` in a block or state set for a call, and `more`."""
        written = values.get("timeouts")  # in a plan it may be Unknown, or a part of it
        seconds = written.get(call) if isinstance(written, dict) else None
        if seconds in (None, Unknown):
            bounds: Any = next(one for one in self.schema.attributes if one.name == "timeouts")
            fallback = next(one.fallback for one in bounds.attributes if one.name == call)
            seconds = parse_duration(fallback)
        return self.deadline(ctx, seconds + more, operation, f"timeouts.{call}")


class Resource(VeeamObject, interfaces.Resource):
    """A managed resource, which is left as it is while the configuration is not known."""

    id_parts: ClassVar[tuple[str, ...]]
    """The attributes of the identity that an id for import is made of."""
    parse_id: Callable[[str], tuple[Any, Any]]
    """Returns the two parts of an id, for `take_over`. Raises ValueError."""

    def plan(
        self, ctx: contexts.PlanContext, current: State | None, planned: State | None
    ) -> State | None:
        """Look up what a create will need, or say whether a change needs a replacement."""
        if planned is None or self.may_be_deferred(ctx):
            return planned
        if current is None:
            return planned | self._look_ahead(ctx, planned)
        self.find_replacements(ctx, current, planned)
        return planned

    def _look_ahead(self, ctx: contexts.PlanContext, planned: State) -> State:
        """Look ahead; of what a read has found gone, only warn.

        Before a destroy Terraform plans to make that again, and what it would need may be gone too.
        """
        with self.looking_up():
            try:
                return self.look_ahead(ctx, planned)
            except Refused as error:
                if self.key(ctx, planned) not in self._provider.dropped:
                    raise
                error.add("An apply will fail to make it again; a destroy goes on.")
                said = error.description
                ctx.diagnostics.add_warning(said.summary, said.detail, path=said.path)
        return {}

    def key(self, ctx: Context, state: State) -> tuple[str, ...]:
        """Return the type of a resource, and what else tells it apart."""
        names = (one.name for one in self.schema.attributes if one.requires_replace)
        return (ctx.type_name, *(str(state[name]) for name in names))

    def look_ahead(self, ctx: contexts.PlanContext, planned: State) -> State:
        """Return what can be told beforehand of a resource that will be made."""
        return {}

    def find_replacements(self, ctx: contexts.PlanContext, current: State, planned: State) -> None:
        """Add to `ctx.requires_replace` what the schema does not tell."""

    def read(self, ctx: contexts.ResourceContext, current: State) -> State | None:
        """Return the state as it is now, None with a warning when the resource is gone."""
        if not self._provider.is_configured:
            self.may_be_deferred(ctx)
            return current
        key = self.key(ctx, current)
        found = self.refresh(ctx, current)
        if found is None:
            self._provider.dropped.add(key)
        return found

    @abstractmethod
    def refresh(self, ctx: contexts.ResourceContext, current: State) -> State | None:
        """Return the state as it is on the server, None with a warning when it is gone."""

    def import_(self, ctx: contexts.ResourceContext, id: str) -> State | None:  # noqa: A002 - tf's name
        """Return the state of a resource that Terraform did not make. Raises Refused."""
        if self.is_deferred(ctx):
            return None
        try:
            identity = ctx.identity or {}
            values = (identity.get(name) for name in self.id_parts)
            own = "/".join(str(value) for value in values if value is not None)
            parts = self.parse_id(id or own)
        except ValueError as error:
            raise Refused("Invalid import id", str(error)) from error
        return self.take_over(ctx, *parts)

    @abstractmethod
    def take_over(self, ctx: contexts.ResourceContext, parent: Any, own: Any) -> State:
        """Return the state of what an id names. Raises Refused when it is not there."""


class DataSource(VeeamObject, interfaces.DataSource):
    """A data source: its attributes, and `find`."""

    def read(self, ctx: Context, config: State) -> State | None:
        """Return what is found, once the configuration is known."""
        if self.is_deferred(ctx):
            return None
        operation = self.operation.format_map(config)
        more = config.get("wait_up_to") or 0.0  # for what is not there yet
        with self.looking_up():
            return self.find(ctx, config, self.deadline_for(ctx, "read", config, operation, more))

    @abstractmethod
    def find(self, ctx: Context, config: State, deadline: Deadline) -> State:
        """Return the values of all that is computed. Raises Refused for what is not found."""


class EphemeralResource(VeeamObject, interfaces.EphemeralResource):
    """An ephemeral resource, whose session is used at a third of the idle limit."""

    def open(self, ctx: contexts.EphemeralContext, config: State) -> State | None:
        """Make it, once the configuration is known. Raises Refused where that can't wait."""
        if self.is_deferred(ctx):
            return None
        self.renew_later(ctx)  # before anything is made: it may be refused
        return self.make(ctx, config)

    @abstractmethod
    def make(self, ctx: contexts.EphemeralContext, config: State) -> State | None:
        """Make it, and return the values of all that is computed."""

    def hold(
        self, ctx: contexts.EphemeralContext, session: LogonSession, path: str, what: str
    ) -> EnterpriseManagerError | None:
        """Send a request, so that a session is not idle; return what went wrong."""
        deadline = self.deadline(ctx, _RENEW_SECONDS, f"Holding {what}")
        self.renew_later(ctx)
        try:
            self.em.mounts.touch(session, path, deadline)
        except EnterpriseManagerError as error:
            return error
        return None

    def renew_later(self, ctx: contexts.EphemeralContext) -> None:
        """Have it renewed at a third of the idle limit from now. Raises Refused."""
        try:
            seconds = idle_limit() / 3
        except ValueError as error:
            raise Refused("The idle limit is not valid", str(error)) from error
        ctx.renew_at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


class ListResource(VeeamObject, interfaces.ListResource):
    """A listing: its attributes, and `find`."""

    def list(self, ctx: contexts.ListContext, config: State) -> Iterator[interfaces.ListedResource]:
        """Return what is found, one by one."""
        return self.find(ctx, config, self.deadline_for(ctx, "list", config, self.operation))

    @abstractmethod
    def find(
        self, ctx: contexts.ListContext, config: State, deadline: Deadline
    ) -> Iterator[interfaces.ListedResource]:
        """Return what is found, one by one. Raises Refused."""


class Action(VeeamObject, interfaces.Action):
    """An action: its attributes, and `run`."""

    def plan(self, ctx: Context, config: State) -> None:
        """Look up what the action needs, as far as it is known."""
        if self.may_be_deferred(ctx) or not self._provider.is_configured:
            return
        if Unknown not in config.values():
            with suppress(AccessDenied), self.looking_up():  # the action tells it, if it has to
                operation = "Looking up what the action needs"
                self.look_ahead(config, self.deadline_for(ctx, "invoke", config, operation))

    def look_ahead(self, config: State, deadline: Deadline) -> None:
        """Look up what the action needs, so that what is wrong fails before anything is done."""

    def invoke(self, ctx: Context, config: State) -> Iterator[str]:
        """Do it; each line it yields is shown at once."""
        return self.run(ctx, config, self.deadline_for(ctx, "invoke", config, self.operation))

    @abstractmethod
    def run(self, ctx: Context, config: State, deadline: Deadline) -> Iterator[str]:
        """Do it; each line it yields is shown at once."""

"""What a provider is made of: one abstract class for each kind of object Terraform knows.

Objects get what their values mean, as the attributes say; what they return as they got it keeps
the spelling in which it was written.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from tfplugin import contexts
from tfplugin.contexts import Context, State
from tfplugin.errors import Description, Refused
from tfplugin.rules import Rule
from tfplugin.schema import FunctionSignature, Schema


class ProviderObject:
    """An object of the provider. One is made for each call."""

    def __init__(self, provider: Any) -> None:
        """Take the provider that makes it."""


class BlockObject(ProviderObject, ABC):
    """An object with a schema, written as a block."""

    schema: ClassVar[Schema]
    rules: ClassVar[Sequence[Rule]] = ()
    """What holds between its attributes."""

    def validate(self, ctx: Context, config: State) -> None:
        """Check a block for what neither attributes nor rules can tell. Nothing is contacted.

        What is not known yet, or not valid, is Unknown.
        """


class Resource(BlockObject):
    """A managed resource; a state returned with errors goes back to Terraform too."""

    identity_schema: ClassVar[Schema | None] = None
    """What tells it from others of its type; an import needs what is required in it."""

    def plan(
        self, ctx: contexts.PlanContext, current: State | None, planned: State | None
    ) -> State | None:
        """Return the planned state; `current` is None for a create, `planned` for a delete.

        `planned` has the defaults already; what only a create can tell is Unknown, and what was
        computed before keeps its value.
        """
        return planned

    @abstractmethod
    def create(self, ctx: contexts.ResourceContext, planned: State) -> State | None:
        """Make the resource and return its state; None, with an error, when nothing was made."""

    @abstractmethod
    def read(self, ctx: contexts.ResourceContext, current: State) -> State | None:
        """Return the state as it is now, None when the resource is gone."""

    @abstractmethod
    def update(self, ctx: contexts.ResourceContext, current: State, planned: State) -> State | None:
        """Change the resource in place and return its state; None, with an error, if it did not."""

    @abstractmethod
    def delete(self, ctx: contexts.ResourceContext, current: State) -> None:
        """Delete the resource; with an error it stays in the state."""

    def undo(self, ctx: contexts.ResourceContext, made: State) -> None:
        """Undo a create that no state tells of, as after a kill. An error is only logged."""
        self.delete(ctx, made)

    def import_(self, ctx: contexts.ResourceContext, id: str) -> State | None:  # noqa: A002 - tf's name
        """Return the state of a resource that Terraform did not make."""
        raise Refused(f"{ctx.type_name} can't be imported")


class DataSource(BlockObject):
    """A data source."""

    @abstractmethod
    def read(self, ctx: Context, config: State) -> State | None:
        """Return the values of all that is computed; what is written stays as it is."""


class EphemeralResource(BlockObject):
    """Something that exists only while Terraform runs, and is never stored."""

    @abstractmethod
    def open(self, ctx: contexts.EphemeralContext, config: State) -> State | None:
        """Make it, and return the values of all that is computed."""

    def renew(self, ctx: contexts.EphemeralContext) -> None:
        """Keep it alive; set `ctx.renew_at` to be called again."""

    def close(self, ctx: contexts.EphemeralContext) -> None:
        """End it. Terraform calls this after a stop too: the `ctx.stop` here is not set by that."""


class ListedResource(NamedTuple):
    """One result of a listing."""

    identity: State
    display_name: str
    resource_object: State | None = None


class ListResource(BlockObject):
    """A listing of the resources of one type, which must have an identity."""

    @abstractmethod
    def list(self, ctx: contexts.ListContext, config: State) -> Iterator[ListedResource]:
        """Return what is found, one by one."""


class Action(BlockObject):
    """Something to do that leaves no state."""

    def plan(self, ctx: Context, config: State) -> None:
        """Check whether the action could be run."""

    @abstractmethod
    def invoke(self, ctx: Context, config: State) -> Iterator[str]:
        """Do it; each line it yields is shown at once."""


class Function(ProviderObject, ABC):
    """A function; its name has no prefix."""

    signature: ClassVar[FunctionSignature]

    @abstractmethod
    def call(self, *arguments: Any) -> Any:
        """Return the result. Raises FunctionFailed."""


class Provider:
    """The provider: its block, and its objects by their names. One lives as long as the process."""

    terraform: int | None = None
    """The process of Terraform that is served, if it is known: it may outlive this one."""
    addresses: tuple[str, ...]
    """The source addresses that it is known by, in one registry or several."""
    schema: ClassVar[Schema]
    resources: ClassVar[Mapping[str, type[Resource]]] = {}
    data_sources: ClassVar[Mapping[str, type[DataSource]]] = {}
    ephemeral_resources: ClassVar[Mapping[str, type[EphemeralResource]]] = {}
    list_resources: ClassVar[Mapping[str, type[ListResource]]] = {}
    """The listings, each by the name of the resource that it lists."""
    actions: ClassVar[Mapping[str, type[Action]]] = {}
    functions: ClassVar[Mapping[str, type[Function]]] = {}

    def validate(self, ctx: Context, config: State) -> None:
        """Check the provider block as it is written; values may be Unknown."""

    def configure(self, ctx: contexts.ConfigureContext, config: State) -> None:
        """Take over the configuration; values may be Unknown during a plan."""

    def describe(self, error: Exception) -> Description | None:
        """Return what a person is told of an exception, None for one it does not know."""
        return None

    def hand_over(self) -> None:
        """Have somebody else hold what is to stay open while Terraform lives: this process ends."""

    def close(self, seconds: float) -> None:
        """End what the process holds open, within that many seconds."""

"""A provider of invented objects, whose calls do what a test hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgpack  # type: ignore[import-untyped]  # there are no stubs

from tfplugin import attribute, contexts, interfaces
from tfplugin.attribute import Attribute
from tfplugin.contexts import Context, State
from tfplugin.errors import Description
from tfplugin.rpc.servicer import ProviderServicer
from tfplugin.schema import (
    FunctionSignature,
    Parameter,
    Return,
    Schema,
)
from tfplugin.types import List, Number, String, Unknown
from tfplugin.wire import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THING = "toy_thing"
SECRET = "canary42"
ID = {"id": "1"}


class AnyCase(String):
    """Text in which upper and lower case mean the same."""

    def semantically_equal(self, a_decoded: Any, b_decoded: Any) -> bool:
        return str(a_decoded).lower() == str(b_decoded).lower()


class ToldFault(Exception):
    """A fault that the provider can describe."""


def bound(text: str) -> int:
    if not text.endswith("h"):
        raise ValueError(f'"{text}" is not in hours.')
    return int(text.removesuffix("h"))


def times(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is less than 0.")
    return number


def schema() -> Schema:
    return Schema(
        version=2,
        description="A thing.",
        attributes=[
            Attribute("name", AnyCase(), "Its name.", required=True, requires_replace=True),
            Attribute("size", Number(), "Its size.", optional=True),
            Attribute("kind", String(), "Its kind.", optional=True, computed=True, default="plain"),
            Attribute("word", String(), "A secret.", optional=True, sensitive=True),
            attribute.computed("id", "Its id."),
            Attribute("parts", List(String()), "Its parts.", computed=True, requires_replace=True),
            attribute.NestedBlock(
                "timeouts", "Bounds.", Attribute("create", String(), "Bound.", check=bound)
            ),
        ],
    )


def thing(**values: Any) -> dict[str, Any]:
    """Return a whole thing, as Terraform sends it."""
    names = ("name", "size", "kind", "word", "id", "parts", "timeouts")
    return dict.fromkeys(names) | {"name": "one", "kind": "plain"} | values


def made(**values: Any) -> dict[str, Any]:
    """Return a thing that exists."""
    return thing(id="1", parts=["a"]) | values


class Behaviour:
    """What a test has an object do, by the name of its method."""

    def __init__(self, **methods: Callable[..., Any]) -> None:
        self.methods = methods

    def __call__(self, name: str, *arguments: Any) -> Any:
        return self.methods[name](*arguments) if name in self.methods else None


class Toy:
    """An object of the provider."""

    def __init__(self, provider: ToyProvider) -> None:
        self._do = provider.behaviour

    schema = schema()

    def validate(self, ctx: Context, config: State) -> None:
        self._do("validate", ctx, config)


class Thing(Toy, interfaces.Resource):
    identity_schema = Schema(attributes=[attribute.required("id", "Its id.")], version=1)

    def plan(
        self, ctx: contexts.PlanContext, current: State | None, planned: State | None
    ) -> State | None:
        if "plan" not in self._do.methods:
            return super().plan(ctx, current, planned)
        found: State | None = self._do("plan", ctx, current, planned)
        return found

    def create(self, ctx: contexts.ResourceContext, planned: State) -> State | None:
        found: State | None = self._do("create", ctx, planned)
        return found

    def read(self, ctx: contexts.ResourceContext, current: State) -> State | None:
        found: State | None = self._do("read", ctx, current)
        return found

    def update(self, ctx: contexts.ResourceContext, current: State, planned: State) -> State | None:
        found: State | None = self._do("update", ctx, current, planned)
        return found

    def delete(self, ctx: contexts.ResourceContext, current: State) -> None:
        self._do("delete", ctx, current)

    def import_(self, ctx: contexts.ResourceContext, id: str) -> State | None:  # noqa: A002 - tf's name
        if "import_" not in self._do.methods:
            return super().import_(ctx, id)
        found: State | None = self._do("import_", ctx, id)
        return found


class ThingData(Toy, interfaces.DataSource):
    def read(self, ctx: Context, config: State) -> State | None:
        found: State | None = self._do("read", ctx, config)
        return found


class ThingEphemeral(Toy, interfaces.EphemeralResource):
    def open(self, ctx: contexts.EphemeralContext, config: State) -> State | None:
        found: State | None = self._do("open", ctx, config)
        return found

    def renew(self, ctx: contexts.EphemeralContext) -> None:
        self._do("renew", ctx)

    def close(self, ctx: contexts.EphemeralContext) -> None:
        self._do("close", ctx)


class ThingList(Toy, interfaces.ListResource):
    def list(self, ctx: contexts.ListContext, config: State) -> Iterator[interfaces.ListedResource]:
        yield from self._do("list", ctx, config)


class ThingAction(Toy, interfaces.Action):
    def plan(self, ctx: Context, config: State) -> None:
        self._do("plan", ctx, config)

    def invoke(self, ctx: Context, config: State) -> Iterator[str]:
        yield from self._do("invoke", ctx, config)


class Join(Toy, interfaces.Function):
    signature = FunctionSignature(
        parameters=[
            Parameter("word", String(), "A word."),
            Parameter("times", Number(), check=times),
        ],
        return_type=Return(List(String())),
        summary="Repeats.",
    )

    def call(self, *arguments: Any) -> Any:
        return self._do("call", list(arguments))


class ToyProvider(interfaces.Provider):
    addresses = ("registry.terraform.io/toys/toy", "registry.opentofu.org/toys/toy")
    schema = Schema(attributes=[Attribute("url", String(), "Where.", optional=True)])
    resources: ClassVar = {THING: Thing}
    data_sources: ClassVar = {THING: ThingData}
    ephemeral_resources: ClassVar = {THING: ThingEphemeral}
    list_resources: ClassVar = {THING: ThingList}
    actions: ClassVar = {THING: ThingAction}
    functions: ClassVar = {"join": Join}

    def __init__(self, **methods: Callable[..., Any]) -> None:
        self.behaviour = Behaviour(**methods)

    def validate(self, ctx: Context, config: State) -> None:
        self.behaviour("validate", ctx, config)

    def configure(self, ctx: contexts.ConfigureContext, config: State) -> None:
        self.behaviour("configure", ctx, config)

    def describe(self, error: Exception) -> Description | None:
        return Description("It is told", str(error)) if isinstance(error, ToldFault) else None


def servicer(**methods: Callable[..., Any]) -> ProviderServicer:
    """Return the servicer of a toy provider; SECRET is masked."""
    return ProviderServicer(
        ToyProvider(**methods), mask=lambda text: str(text).replace(SECRET, "***")
    )


def message(value: Any) -> pb.DynamicValue:
    """Return a value's message, packed here and not by the code that is tested."""
    return pb.DynamicValue(msgpack=msgpack.packb(value, default=_unknown))


def _unknown(value: Any) -> msgpack.ExtType:
    assert value is Unknown
    return msgpack.ExtType(0, b"\x00")


def plain(value: pb.DynamicValue) -> Any:
    """Return the value of a message."""
    return msgpack.unpackb(value.msgpack, ext_hook=lambda *_: Unknown)


def identity(value: Any) -> pb.ResourceIdentityData:
    return pb.ResourceIdentityData(identity_data=message(value))


def raiser(error: Exception) -> Callable[..., Any]:
    """Return a function that raises it."""

    def raise_it(*_: Any) -> Any:
        raise error

    return raise_it


def complain(ctx: Any, *_: Any) -> None:
    """Report an error, and return nothing."""
    ctx.diagnostics.add_error("no")


def summaries(response: Any) -> list[str]:
    return [diagnostic.summary for diagnostic in response.diagnostics]

"""What every call has in common: its object, its values, and an error that a person understands."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

from tf.utils import Diagnostics

from tfplugin import interfaces
from tfplugin.contexts import Context, State
from tfplugin.errors import Description, Refused, Reported
from tfplugin.rpc.answers import Answers
from tfplugin.schema import Schema
from tfplugin.types import Unknown
from tfplugin.wire import codec, diagnostics, meaning
from tfplugin.wire import tfplugin6_pb2 as pb

AnyObject = TypeVar("AnyObject", bound=interfaces.ProviderObject)
AnyBlock = TypeVar("AnyBlock", bound=interfaces.BlockObject)
AnyContext = TypeVar("AnyContext", bound=Context)


class Call:
    """One call, as a `with` block: an exception in it becomes an error diagnostic in `answer`."""

    def __init__(
        self,
        provider: interfaces.Provider,
        mask: Callable[[str], str],
        activity: str,
        type_name: str,
        answer: Any,
    ) -> None:
        self.diagnostics = Diagnostics()
        self.type_name = type_name
        self.activity = activity
        """What a person reads has failed, like "creating", followed by the type."""
        self._provider = provider
        self._mask = mask
        self._answer = answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False
        if error is not None and not isinstance(error, Reported):
            said = self.describe(error)
            self.diagnostics.add_error(said.summary, said.detail, path=said.path)
        if self._answer is not None:
            self._answer.extend(self.diagnostics_to_pb())
        return True

    def describe(self, error: Exception) -> Description:
        """Return what a person is told of an exception in this call."""
        activity = f"{self.activity} {self.type_name}".rstrip()
        return diagnostics.describe(error, activity, self._provider, self._mask)

    def diagnostics_to_pb(self) -> list[pb.Diagnostic]:
        """Return the messages of the diagnostics, with secrets masked."""
        return diagnostics.diagnostics_to_pb(self.diagnostics, self._mask)


class Codec:
    """Reads and writes the values of one type; what it can't write is an error of the call."""

    def __init__(self, cls: type[interfaces.BlockObject], told: Diagnostics) -> None:
        self.attributes = cls.schema.attributes
        self.version = cls.schema.version or 0
        self.identity: Schema | None = getattr(cls, "identity_schema", None)  # of a resource alone
        self._diagnostics = told

    def decode(self, value: pb.DynamicValue) -> State | None:
        """Return the object in a message, None for a null. Raises Unusable."""
        return codec.decode(self.attributes, value)

    def decode_present(self, value: pb.DynamicValue) -> State:
        """Return the object in a message that always holds one. Raises Unusable."""
        return present(self.decode(value))

    def decode_identity(self, value: pb.ResourceIdentityData) -> State | None:
        """Return the identity in a message, None when there is none. Raises Unusable."""
        if self.identity is None:
            return None
        return codec.decode(self.identity.attributes, value.identity_data)

    def understand(self, written: State) -> State:
        """Return a block with what its values mean, Unknown for what is not valid, as is told."""
        for attribute in self.attributes:  # Terraform looks for them itself, others do not
            if attribute.required and written.get(attribute.name) is None:
                said = f'The argument "{attribute.name}" is required, and is not set.'
                self._diagnostics.add_error("Missing required argument", said, [attribute.name])
        return meaning.understand(self.attributes, written, self._diagnostics)

    def understand_state(self, state: State | None) -> State | None:
        """Return a state with what its values mean, Unknown for what is not valid any more."""
        return None if state is None else meaning.understand(self.attributes, state, Diagnostics())

    def encode(self, state: State | None, *, may_be_unknown: bool = False) -> pb.DynamicValue:
        """Return the message of an object; what can't be sent is null in it."""
        encoder = codec.Encoder(may_be_unknown=may_be_unknown)
        message = encoder.encode(self.attributes, state)
        self._report(encoder)
        return message

    def put_identity(
        self, response: Any, field: str, identity: State | None, *, may_be_unknown: bool = False
    ) -> None:
        """Set a field of a response to an identity, or clear it when there is none."""
        response.ClearField(field)
        if self.identity and identity is not None:
            encoder = codec.Encoder(may_be_unknown=may_be_unknown)
            message = encoder.encode(self.identity.attributes, identity)
            getattr(response, field).identity_data.CopyFrom(message)
            self._report(encoder)

    def _report(self, encoder: codec.Encoder) -> None:
        for problem in encoder.problems:
            self._diagnostics.add_error(
                f"Invalid value of {diagnostics.path_to_text(problem.path)}",
                f"{problem.text} This is a fault of the provider, please report it.",
                path=problem.path,
            )


class Calls:
    """What the calls for each kind of object build on."""

    def __init__(self, provider: interfaces.Provider, *, mask: Callable[[str], str]) -> None:
        self.stop = threading.Event()
        self._answers = Answers()
        self.desert = self._answers.desert
        self.is_configured = False
        self._provider = provider
        self._mask = mask

    def _call(self, activity: str, type_name: str = "", answer: Any = None) -> Call:
        return Call(self._provider, self._mask, activity, type_name, answer)

    def _one_line(self, text: str) -> str:
        """Return a text to be shown that looks like no other line of Terraform's."""
        return self._mask(text).replace("\n", r"\n")

    def _object(self, classes: Mapping[str, type[AnyBlock]], call: Call) -> tuple[AnyBlock, Codec]:
        cls = find(classes, call.type_name)
        return cls(self._provider), Codec(cls, call.diagnostics)

    def _context(
        self, cls: type[AnyContext], call: Call, client: pb.ClientCapabilities | None = None
    ) -> AnyContext:
        can_defer = client is not None and client.deferral_allowed
        return cls(call.diagnostics, call.type_name, self.stop, client_can_defer=can_defer)

    def _config(
        self, block: interfaces.BlockObject, values: Codec, ctx: Context, message: pb.DynamicValue
    ) -> State:
        """Return what is written in a block, checked and known. Raises Reported, Refused."""
        meant = self._plan_config(block, values, ctx, message)
        for name, value in meant.items():
            if value is Unknown:
                raise Refused(
                    f"{name} is not known yet",
                    "It is needed now. Apply first what it is a result of.",
                    [name],
                )
        return meant

    def _plan_config(
        self, block: interfaces.BlockObject, values: Codec, ctx: Context, message: pb.DynamicValue
    ) -> State:
        """Return what is written in a block, checked as far as it is known. Raises Reported."""
        ctx.config = values.decode_present(message)
        return self._checked(block, values, ctx, ctx.config)

    def _checked(
        self, block: interfaces.BlockObject, values: Codec, ctx: Context, written: State
    ) -> State:
        """Return what a block means, as far as it is known now. Raises Reported."""
        meant = values.understand(written)
        _check(block, ctx, meant)
        if ctx.diagnostics.has_errors():
            raise Reported
        return meant


def validation(kind: str) -> Callable[..., Any]:
    """Return the call that has a block of a kind checked by its object."""

    def validate(self: Calls, request: Any, _context: object = None) -> Any:
        response = getattr(pb, request.DESCRIPTOR.containing_type.name).Response()
        with self._call("checking", request.type_name, response.diagnostics) as call:
            block, values = self._object(getattr(self._provider, kind), call)
            ctx = self._context(Context, call)
            ctx.config = values.decode_present(request.config)
            _check(block, ctx, values.understand(ctx.config))
        return response

    return validate


def _check(block: interfaces.BlockObject, ctx: Context, meant: State) -> None:
    written = meant if ctx.config is None else ctx.config
    for broken in filter(None, (rule(written) for rule in block.rules)):
        ctx.diagnostics.add_error(broken.summary, broken.detail, path=broken.path)
    block.validate(ctx, meant)


def find(classes: Mapping[str, type[AnyObject]], name: str) -> type[AnyObject]:
    """Return the class of that name. Raises Refused when there is none."""
    if name not in classes:
        raise Refused(
            f"This version of the provider has no {name}",
            "Terraform asked for it because another version of the provider had it.",
        )
    return classes[name]


def present(state: State | None) -> State:
    """Return an object that Terraform always sends. Raises Refused when it did not."""
    if state is None:
        raise Refused("Terraform sent nothing where the provider expects a block")
    return state


def put_deferral(response: Any, ctx: Context) -> None:
    """Tell Terraform to come back later, if the object asked for that."""
    if ctx.deferred:
        response.deferred.reason = pb.Deferred.PROVIDER_CONFIG_UNKNOWN

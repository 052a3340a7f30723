"""What a person is told, of diagnostics and of exceptions."""

from typing import Any

import pytest
from tf.utils import Diagnostics

from support.toy_objects import SECRET, ToldFault, ToyProvider
from tfplugin.errors import Refused
from tfplugin.wire import tfplugin6_pb2 as pb
from tfplugin.wire.diagnostics import (
    LONGEST_QUOTE,
    Unusable,
    describe,
    diagnostics_to_pb,
    path_to_pb,
    path_to_text,
)

PATH = ["timeouts", (0,), ("key",), "create"]


def mask(text: str) -> str:
    return text.replace(SECRET, "***")


def told(error: Exception, provider: Any = None) -> tuple[str, str, Any]:
    found = describe(error, "reading toy_thing", provider or ToyProvider(), mask)
    return found.summary, found.detail, found.path


def test_a_path_is_written_as_terraform_does() -> None:
    assert path_to_text(PATH) == 'timeouts[0]["key"].create'
    assert path_to_pb(PATH) == pb.AttributePath(
        steps=[
            pb.AttributePath.Step(attribute_name="timeouts"),
            pb.AttributePath.Step(element_key_int=0),
            pb.AttributePath.Step(element_key_string="key"),
            pb.AttributePath.Step(attribute_name="create"),
        ]
    )


def test_errors_and_warnings_are_masked_and_keep_their_place() -> None:
    diagnostics = Diagnostics()
    diagnostics.add_error(f"bad {SECRET}", f"why {SECRET}", path=["name"])
    diagnostics.add_warning("odd")
    first, second = diagnostics_to_pb(diagnostics, mask)
    assert (first.severity, first.summary, first.detail) == (1, "bad ***", "why ***")
    assert first.attribute.steps[0].attribute_name == "name"
    assert (second.severity, second.summary, second.detail) == (2, "odd", "")
    assert not second.HasField("attribute")


def test_what_an_object_refused_is_told_as_it_says() -> None:
    assert told(Refused("No", "because", ["name"])) == ("No", "because", ["name"])


def test_a_value_that_can_not_be_read_is_named() -> None:
    assert told(Unusable(["a", (1,)], "It is odd."))[:2] == ("Invalid value of a[1]", "It is odd.")
    assert told(Unusable([], "It is odd."))[0] == "Invalid value of the whole"


def test_the_provider_words_its_own_errors() -> None:
    assert told(ToldFault("so it was")) == ("It is told", "so it was", None)


def test_an_unexpected_error_says_what_was_going_on_and_that_it_is_a_fault_of_ours() -> None:
    long = f"{SECRET}{'x' * 2 * LONGEST_QUOTE}\nand more"
    summary, detail, _ = told(KeyError(long))
    assert summary == "Internal error"
    assert "While reading toy_thing," in detail
    assert "KeyError: '***xxx" in detail
    assert "x" * LONGEST_QUOTE not in detail
    assert "please report it" in detail
    assert "ValueError.\n" in told(ValueError())[1]


def test_a_provider_that_fails_to_describe_an_error_loses_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(ToyProvider):
        def describe(self, error: Exception) -> Any:
            raise RuntimeError("worse")

    caplog.set_level("DEBUG")
    assert "ValueError: first" in told(ValueError("first"), Broken())[1]
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == [
        "worse",
        "first",
    ]

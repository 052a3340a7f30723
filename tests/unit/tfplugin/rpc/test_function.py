"""The calls for functions."""

from typing import Any

import pytest

from support.toy_objects import SECRET, ToldFault, message, plain, raiser, servicer
from tfplugin.errors import FunctionFailed
from tfplugin.types import Unknown
from tfplugin.wire import tfplugin6_pb2 as pb


def call(do: Any, *arguments: Any, name: str = "join") -> Any:
    request = pb.CallFunction.Request(
        name=name, arguments=[message(argument) for argument in arguments]
    )
    return servicer(call=do).CallFunction(request)


def test_a_function_is_handed_its_arguments_and_its_result_returned() -> None:
    response = call(lambda arguments: [arguments[0]] * arguments[1], "a", "3")
    assert plain(response.result) == ["a", "a", "a"]
    assert not response.HasField("error")


def test_signatures_are_told() -> None:
    assert list(servicer().GetFunctions(pb.GetFunctions.Request()).functions) == ["join"]


def test_a_failure_names_the_argument_and_no_secret() -> None:
    response = call(raiser(FunctionFailed(f"no {SECRET}", 1)), "a", 3)
    assert (response.error.text, response.error.function_argument) == ("no ***", 1)
    assert not response.HasField("result")
    whole = call(raiser(FunctionFailed("no")), "a", 3)
    assert not whole.error.HasField("function_argument")
    first = call(raiser(FunctionFailed("no", 0)), "a", 3)
    assert first.error.HasField("function_argument")


def test_arguments_that_do_not_fit_are_refused() -> None:
    assert call(lambda arguments: [], "a").error.text == "It takes 2 arguments, not 1."
    wrong = call(lambda arguments: [], "a", "b")
    assert wrong.error.text.startswith("times: ")
    assert wrong.error.function_argument == 1
    for value, is_no_text in ([1], "a list"), ({"a": 1}, "an object"), (7, "a number"):
        wrong = call(lambda arguments: [], value, 3)
        assert wrong.error.text == f"word: This has to be a string, and is {is_no_text}."
        assert wrong.error.function_argument == 0
    for missing in (None, Unknown):
        wrong = call(lambda arguments: [], "a", missing)
        assert wrong.error.text == "times: This has to be known, and not null."
        assert wrong.error.function_argument == 1


@pytest.mark.parametrize("result", [7, ["a", 7], ["a", Unknown]])
def test_a_result_of_another_type_is_a_fault_of_ours(result: Any) -> None:
    response = call(lambda arguments: result, "a", 3)
    assert response.error.text.startswith("Invalid value of ")
    assert not response.HasField("result")


def test_any_other_error_is_told_as_everywhere() -> None:
    assert call(raiser(ToldFault(SECRET)), "a", 3).error.text == "It is told: ***"
    assert "While calling join, " in call(raiser(ValueError("x")), "a", 3).error.text
    assert "has no split" in call(None, name="split").error.text

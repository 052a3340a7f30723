"""The protocol's messages: ours alone, built when they are needed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfplugin.wire import tfplugin6_pb2 as pb


def run(script: str, **environment: str) -> str:
    """Return what a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_tf_never_loads_its_own() -> None:
    script = """
import tfplugin.process.environment, tf.schema, tf.function
from tfplugin.wire import tfplugin6_pb2
print(tf.schema.pb.__name__, tf.function.pb is tfplugin6_pb2)
"""
    assert run(script) == "tfplugin.wire.tfplugin6_pb2 True"


def test_protobuf_is_not_imported_for_a_person() -> None:
    script = """
import sys
from tfplugin.process.environment import started_by_terraform
print(started_by_terraform({}), "google.protobuf" in sys.modules)
"""
    assert run(script) == "False False"


def test_every_message_of_the_file_is_there_with_those_in_it() -> None:
    text = Path(pb.__file__).with_name("tfplugin6.proto").read_text()
    for name in pb.DESCRIPTOR.message_types_by_name:
        assert f"message {name} {{" in text
        assert getattr(pb, name).DESCRIPTOR.full_name == f"tfplugin6.{name}"
    progress = pb.InvokeAction.Event.Progress(message="on")
    assert pb.InvokeAction.Event(progress=progress).WhichOneof("type") == "progress"
    response = pb.GetProviderSchema.Response()
    response.resource_schemas["x"].version = 3
    again = pb.GetProviderSchema.Response.FromString(response.SerializeToString())
    assert again.resource_schemas["x"].version == 3


def test_protobuf_in_pure_python_as_on_alpine_linux_will_do() -> None:
    script = """
from google.protobuf.internal import api_implementation
from tfplugin.wire import tfplugin6_pb2 as pb
event = pb.InvokeAction.Event(progress=pb.InvokeAction.Event.Progress(message="on"))
print(api_implementation.Type(), pb.InvokeAction.Event.FromString(event.SerializeToString()))
"""
    told = run(script, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="python")
    assert told.split() == ["python", "progress", "{", "message:", '"on"', "}"]


def test_what_the_file_does_not_have_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="Nothing"):
        pb.Nothing  # type: ignore[attr-defined]  # noqa: B018 - what is tested

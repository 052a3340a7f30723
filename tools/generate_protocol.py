"""Make tfplugin6_pb2.py and .pyi from tfplugin6.proto; with --check, only compare them.

What protoc makes for Python runs with one major version of protobuf and the next. Our module holds
the descriptor alone and builds its messages from that, so it runs with every protobuf from 5 on.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "provider"
PROTO = Path("tfplugin", "wire", "tfplugin6.proto")
MODULE, STUB = PROTO.with_name("tfplugin6_pb2.py"), PROTO.with_name("tfplugin6_pb2.pyi")
TEMPLATE = '''\
# Made by `make proto` from tfplugin6.proto: change that.
"""The messages of Terraform's plugin protocol 6, in a pool of their own.

They are built when the first of them is used: to import this module costs next to nothing.
"""

_FILE = {descriptor!r}


def __getattr__(name):
    if "DESCRIPTOR" not in globals() and not name.startswith("__"):
        _build()
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")


def _build():
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

    file = DescriptorPool().AddSerializedFile(_FILE)
    built = {{name: _message(message) for name, message in file.message_types_by_name.items()}}
    for name, enum in file.enum_types_by_name.items():
        built[name] = EnumTypeWrapper(enum)
        built.update(built[name].items())
    globals().update(built, DESCRIPTOR=file)


def _message(descriptor):
    from google.protobuf.message_factory import GetMessageClass

    cls = GetMessageClass(descriptor)
    for name, nested in descriptor.nested_types_by_name.items():
        setattr(cls, name, _message(nested))  # protobuf in pure Python leaves that to its caller
    return cls
'''


def generate() -> dict[Path, str]:
    """Return the text of each generated file, by its path below provider/."""
    # mypy-protobuf is found on PATH, and lies beside this Python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder, "descriptors")
        arguments = [
            "protoc",
            f"--proto_path={SOURCES}",
            f"--descriptor_set_out={descriptors}",
            f"--mypy_out=quiet:{folder}",
            str(PROTO),
        ]
        if protoc.main(arguments) != 0:
            sys.exit("protoc could not read the protocol; see above")
        (file,) = FileDescriptorSet.FromString(descriptors.read_bytes()).file
        stub = Path(folder, STUB).read_text(encoding="utf-8")
    descriptor = file.SerializeToString(deterministic=True)
    return {MODULE: TEMPLATE.format(descriptor=descriptor), STUB: stub}


def main() -> None:
    """Write the generated files, or compare them with what is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if they differ")
    check = parser.parse_args().check
    stale = []
    for path, text in generate().items():
        target = SOURCES / path
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        if check:
            stale.append(str(target.relative_to(ROOT)))
        else:
            target.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(
            f"{', '.join(stale)}: not what tfplugin6.proto gives. Run `make proto` and commit."
        )


if __name__ == "__main__":
    main()

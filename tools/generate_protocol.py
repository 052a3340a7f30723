"""Make tfplugin6_pb2.py and .pyi from tfplugin6.proto; with --check, only compare them."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "provider"
PROTO = Path("terraform_provider_veeam", "plugin", "tfplugin6.proto")
GENERATED = (PROTO.with_name("tfplugin6_pb2.py"), PROTO.with_name("tfplugin6_pb2.pyi"))

# `tf` brings an older module of the same messages. In protobuf's default pool the second of the
# two to be imported would be refused; in a pool of its own ours is at peace with it.
SHARED_POOL = "_descriptor_pool.Default()"
OWN_POOL = "_descriptor_pool.DescriptorPool()"


def generate() -> dict[Path, str]:
    """Return the text of each generated file, by its path below provider/."""
    # mypy-protobuf is found on PATH, and lies beside this Python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "protoc",
            f"--proto_path={SOURCES}",
            f"--python_out={folder}",
            f"--mypy_out=quiet:{folder}",
            str(PROTO),
        ]
        if protoc.main(arguments) != 0:
            sys.exit("protoc could not generate the protocol module; see above")
        texts = {path: Path(folder, path).read_text(encoding="utf-8") for path in GENERATED}
    module = GENERATED[0]
    if texts[module].count(SHARED_POOL) != 1:
        sys.exit(f"protoc's output has changed: {SHARED_POOL} is not there exactly once")
    texts[module] = texts[module].replace(SHARED_POOL, OWN_POOL)
    return texts


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

"""Modules whose code runs only once somebody uses them."""

import subprocess
import sys
from pathlib import Path

import pytest

LAZY = """
import sys
from tfplugin.process.lazy_modules import defer_what_is_not_used, make_lazy
defer_what_is_not_used()
make_lazy("no.such.module")
import grpc
assert "asyncio.events" not in sys.modules
"""


def run(script: str, folder: Path | None = None) -> str:
    """Return what a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "use",
    [
        "import asyncio; asyncio.run(asyncio.sleep(0))",
        "from asyncio import run, sleep; run(sleep(0))",
        "from asyncio import *; run(sleep(0))",
        "import asyncio.events, asyncio; asyncio.run(asyncio.sleep(0))",
        "import grpc.aio, asyncio; asyncio.run(asyncio.sleep(0)); grpc.aio.Metadata()",
        "from grpc import aio; aio.Metadata()",
        "from grpc.aio import Metadata; Metadata()",
        "import grpc.aio._metadata; assert grpc.aio._metadata.Metadata is grpc.aio.Metadata",
    ],
)
def test_who_uses_a_module_gets_the_real_one(use: str) -> None:
    assert run(f"{LAZY}{use}; print('asyncio.events' in sys.modules)") == "True\n"


def test_a_module_stays_the_same_when_it_is_loaded() -> None:
    same = "import asyncio as a; a.sleep; import asyncio as b, asyncio.events as c; print(a is b"
    assert run(f"{LAZY}{same}, a.events is c, type(a).__name__)") == "True True module\n"


def test_grpc_serves_in_its_asynchronous_way_too() -> None:
    serve = """
import asyncio

async def serve():
    server = grpc.aio.server()
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            await channel.unary_unary("/no/such")(b"", timeout=20)
        except grpc.aio.AioRpcError as error:
            print(error.code())
    await server.stop(None)

asyncio.run(serve())
"""
    assert run(LAZY + serve) == "StatusCode.UNIMPLEMENTED\n"


def test_a_server_and_a_client_need_none_of_them() -> None:
    serve = """
from concurrent.futures import ThreadPoolExecutor
import ssl, urllib3

class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, _: request)

server = grpc.server(ThreadPoolExecutor(), handlers=[Handler()])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    assert channel.unary_unary("/echo/Echo")(b"hello", timeout=20) == b"hello"
server.stop(None)
urllib3.PoolManager(ssl_context=ssl.create_default_context()).clear()
print({
    name for name, module in sys.modules.copy().items() if type(module).__name__ == "_LazyModule"
} == {
    "asyncio", "inspect", "grpc.aio", "google.protobuf.internal.python_message",
    "typing_extensions", "importlib.metadata", "textwrap", "tokenize",
})
"""
    assert run(LAZY + serve) == "True\n"


def test_names_that_a_module_has_before_it_is_loaded_do_what_the_real_ones_do() -> None:
    use = """
from importlib.metadata import version
from typing_extensions import override
print(override(len) is len, type(sys.modules["typing_extensions"]).__name__)
print(version("grpcio") == grpc.__version__, type(sys.modules["importlib.metadata"]).__name__)
from importlib import metadata
import typing_extensions
print(version is metadata.version, metadata.version("grpcio") == grpc.__version__)
print(typing_extensions.Buffer is not None, override is typing_extensions.override)
"""
    assert run(LAZY + use) == ("True _LazyModule\nTrue module\nFalse True\nTrue False\n")


def test_others_wait_until_a_module_is_whole(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import threading\ngo_on.wait(20)\nfrom threading import Lock as value\n"
    )
    script = """
import builtins, sys, threading
from concurrent.futures import ThreadPoolExecutor
from tfplugin.process.lazy_modules import make_lazy
sys.path.insert(0, ".")
builtins.go_on = threading.Event()
make_lazy("slow")
import slow
with ThreadPoolExecutor() as threads:
    used = [threads.submit(getattr, slow, "value") for _ in range(8)]
    go_on.set()
    print({one.result() is threading.Lock for one in used})
"""
    assert run(script, tmp_path) == "{True}\n"


def test_a_module_that_fails_to_load_fails_again(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    script = """
import sys
from tfplugin.process.lazy_modules import make_lazy
sys.path.insert(0, ".")
make_lazy("broken")
import broken
for _ in range(2):
    try:
        broken.value
    except ModuleNotFoundError as error:
        print(error.name)
"""
    assert run(script, tmp_path) == "no_such_module\n" * 2


def test_a_module_that_is_loaded_already_is_left_alone() -> None:
    script = """
import asyncio, sys
from tfplugin.process.lazy_modules import make_lazy
make_lazy("asyncio")
print(sys.modules["asyncio"] is asyncio)
"""
    assert run(script) == "True\n"


def test_a_module_that_a_program_was_built_without_is_missing_to_those_who_import_it() -> None:
    """Where a package without Python was built so, even looking for the module is an error."""
    run("""
import sys
from tfplugin.process.lazy_modules import make_lazy

class LeftOut:
    def find_spec(self, name, path=None, target=None):
        if name == "bz2":
            raise ImportError("it was excluded")

sys.meta_path.insert(0, LeftOut())
sys.modules.pop("bz2", None)
make_lazy("bz2", "zipfile")
import zipfile
assert zipfile.ZIP_DEFLATED
""")

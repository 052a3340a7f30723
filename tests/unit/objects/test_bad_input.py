"""What a person reads when something is wrong: what, where, and what to do.

That Terraform shows it on its line is tested in tests/acceptance.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from helpers import RESTORE_POINT, Server

from em_simulator import ADMINISTRATOR
from support.called_provider import CalledProvider, called_provider

MOUNT = "veeam_mount_point"
ACCOUNT = {"username": ADMINISTRATOR.username, "password": ADMINISTRATOR.password}
BLOCK = {"url": "https://em.example.com", **ACCOUNT}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in ("URL", "USERNAME", "PASSWORD", "SESSION_TOKEN"):
        monkeypatch.delenv(f"VEEAM_EM_{attribute}", raising=False)


@pytest.mark.parametrize("attribute", BLOCK)
def test_a_missing_attribute_names_the_variable(attribute: str) -> None:
    said = CalledProvider({**BLOCK, attribute: None}).configured.error
    assert f"Error: {attribute} is not set" in said
    assert f"environment variable VEEAM_EM_{attribute.upper()}" in said


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"session_token": "x"}, "Both session_token and username are set"),
        ({"url": "em.example.com"}, "has no scheme"),
        ({"url": "http://em.example.com"}, "not encrypted"),
        ({"url": "https://em.example.com/web"}, "Invalid url"),
        ({"url": "https://em.example.com:0"}, "Nobody can listen on port 0"),
        ({"username": "EXAMPLE:backup"}, "It has a colon"),
        ({"request_timeout": "soon"}, '"soon" is not a duration'),
        ({"max_retries": -1}, "is not a whole number"),
        ({"certificate_fingerprint": "ab"}, "64 hexadecimal digits"),
        ({"ca_certificate": "/no/such/file"}, "No such file"),
        ({"api_version": "new"}, "is not an API version"),
    ],
)
def test_a_wrong_value_in_the_provider_block_is_told_of_its_attribute(
    written: dict[str, Any], says: str
) -> None:
    said = CalledProvider(BLOCK | written).configured.error
    assert says in said
    (attribute,) = written
    assert f"[{attribute}]" in said


@pytest.mark.parametrize(
    ("written", "says", "attribute"),
    [
        ({"os_kind": "Solaris"}, '"Solaris" is not one of "Windows", "Linux"', "os_kind"),
        (
            {"restore_point_type": "tape"},
            '"tape" is not one of "vm", "replica", "agent"',
            "restore_point_type",
        ),
        ({"timeouts": {"create": "soon"}}, '"soon" is not a duration', "timeouts.create"),
        ({"timeouts": {"delete": "5"}}, '"5" is not a duration', "timeouts.delete"),
        ({"restore_point_id": "oracle03"}, '"oracle03" is neither a UUID', "restore_point_id"),
        (
            {"restore_point_id": f"urn:veeam:AgentRestorePoint:{RESTORE_POINT}"},
            'restore_point_type = "agent"',
            "restore_point_type",
        ),
    ],
)
def test_a_wrong_value_in_the_resource_is_told_of_its_attribute(
    provider: CalledProvider, written: dict[str, Any], says: str, attribute: str
) -> None:
    mount = {"restore_point_id": RESTORE_POINT} | written
    said = provider.validate_resource(MOUNT, **mount).error
    assert says in said
    assert f"[{attribute}]" in said


@pytest.mark.parametrize("wrong", ["1", "vm/1", f"tape/{RESTORE_POINT}/1"])
def test_an_import_id_of_the_wrong_form(server: Server, wrong: str) -> None:
    block: dict[str, Any] = {"session_token": server.log_on(), "username": None, "password": None}
    with called_provider(server.simulator, **block) as provider:
        assert "Error: Invalid import id" in provider.import_resource(MOUNT, wrong).error


def test_an_import_without_a_session_token(provider: CalledProvider) -> None:
    said = provider.import_resource(MOUNT, f"{RESTORE_POINT}/1").error
    assert "session_token" in said
    assert "VEEAM_EM_SESSION_TOKEN" in said


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"
        provider = CalledProvider({"url": url, "max_retries": 0, **ACCOUNT})
        said = provider.read("veeam_backup_servers").error
    assert "Error: Enterprise Manager can't be reached" in said
    assert f"{url}/api/: connection refused" in said
    assert "Check url" in said


class Other(BaseHTTPRequestHandler):
    """A server that is no Enterprise Manager, as on port 9419."""

    def do_GET(self) -> None:
        body = b'{"errorCode": "AccessDenied", "message": "No token"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        pytest.fail("a password was sent to a server that is no Enterprise Manager")

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def other_server(folder: Path) -> Iterator[dict[str, str]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield {
                "url": f"https://127.0.0.1:{server.server_port}",
                "ca_certificate": str(folder / "ca.pem"),
            }
        finally:
            server.shutdown()
            thread.join()


def test_something_else_on_that_port(tmp_path: Path) -> None:
    with other_server(tmp_path) as block:
        said = CalledProvider(block | ACCOUNT).read("veeam_backup_servers").error
    assert "not Enterprise Manager" in said
    assert "9419" in said
    assert "9398" in said


def test_a_certificate_that_is_not_trusted_shows_three_ways_to_go_on(server: Server) -> None:
    with called_provider(server.simulator, certificate_fingerprint=None) as provider:
        said = provider.read("veeam_backup_servers").error
    found = said.replace(":", "").replace(" ", "").lower()
    assert server.fingerprint.replace(":", "").lower() in found
    for way in ("certificate_fingerprint", "ca_certificate", "insecure"):
        assert way in said
    assert server.requests("POST", "/sessionMngr") == []

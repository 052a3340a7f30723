"""What Terraform and the process agree on before the first call."""

from pathlib import Path

import pytest

from tfplugin.process import handshake
from tfplugin.process.environment import (
    COOKIE,
    COOKIE_VARIABLE,
    started_by_terraform,
)
from tfplugin.process.handshake import SocketDirectory


def test_only_the_right_cookie_is_terraforms() -> None:
    assert started_by_terraform({COOKIE_VARIABLE: COOKIE})
    assert not started_by_terraform({COOKIE_VARIABLE: "another plugin's"})
    assert not started_by_terraform({})


@pytest.mark.parametrize(
    ("offered", "refused"),
    [("6", False), ("5, 6", False), ("5,6,7", False), ("", False), ("5", True), ("16", True)],
)
def test_a_client_that_does_not_offer_protocol_6_is_refused(offered: str, *, refused: bool) -> None:
    said = handshake.refusal({"PLUGIN_PROTOCOL_VERSIONS": offered})
    assert bool(said) is refused
    assert said is None or offered in said


def test_tls_is_for_a_client_that_has_sent_its_certificate() -> None:
    assert handshake.wants_tls({"PLUGIN_CLIENT_CERT": "-----BEGIN CERTIFICATE-----"})
    assert not handshake.wants_tls({})


def test_the_certificate_is_told_without_padding(folder: Path) -> None:
    with SocketDirectory({"TMPDIR": str(folder)}) as place:
        line = handshake.line(place, b"x")
    assert line == f"1|6|unix|{place.address}|grpc|eA\n"


def test_nothing_is_left_of_a_socket_and_its_directory(folder: Path) -> None:
    with SocketDirectory({"TMPDIR": str(folder)}) as place:
        Path(place.address).touch()
    assert list(folder.iterdir()) == []
    place.remove()

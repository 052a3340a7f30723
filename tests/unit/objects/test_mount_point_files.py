"""Looking into a mount point: what is found, what is left out, what can't be listed."""

from typing import Any

import pytest
from helpers import MOUNTS, RESTORE_POINT, Server

from support.called_provider import CalledProvider

FILES = "veeam_mount_point_files"


@pytest.fixture(autouse=True)
def machine(server: Server) -> None:
    server.simulator.add_file("web02", "Volume$0:/t/b/deep.txt", b"deep")
    server.simulator.add_file("web02", "Volume$0:/t/a.txt", b"12345")


def test_folders_are_looked_into_to_a_depth_and_names_matched(
    provider: CalledProvider, mount: dict[str, Any]
) -> None:
    found = provider.read(FILES, path="Volume$0:", depth=3, name="*.TXT", **mount).value
    assert [entry["path"] for entry in found["files"]] == [
        "Volume$0:/home/ann/notes: a\\b?.txt",
        "Volume$0:/t/a.txt",
        "Volume$0:/t/b/deep.txt",
    ]


def test_a_large_folder_is_read_page_by_page(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    for number in range(1200):
        server.simulator.add_file("web02", f"Volume$0:/many/{number}", b"")
    found = provider.read(FILES, path="Volume$0:/many", limit=2000, **mount).value
    assert len(found["files"]) == 1200
    requests = server.requests("GET", f"{MOUNTS}/1/.*many.*")
    assert {entry.query.rpartition("page=")[2] for entry in requests} == {"1", "2", "3"}


def test_a_limit_leaves_the_rest_out_and_says_so(
    provider: CalledProvider, mount: dict[str, Any]
) -> None:
    told = provider.read(FILES, path="Volume$0:/var/log", limit=7, **mount)
    assert "Not all files are listed" in told.said
    assert "There are more than 7; the rest is left out." in told.said
    assert len(told.value["files"]) == 7


@pytest.mark.parametrize(
    ("written", "says", "attribute"),
    [
        (
            {"path": "Volume$0:/nothing"},
            "has no Volume$0:/nothing. Volume$0: is there",
            "path",
        ),
        ({"path": "X:/"}, "Its volumes are: Volume$0:, Volume$1:", "path"),
        ({"path": "Volume$0:/t/../etc"}, "has a part . or ..", "path"),
        ({"path": "Volume$0:/t/a.txt"}, "is not a directory", "path"),
        ({"path": "/etc"}, "does not begin with a volume", "path"),
        ({"path": "E:Docs"}, '"E:Docs" has no slash after its volume', "path"),
        ({"path": "Volume$0:/t", "depth": 0}, "0 is not a whole number from 1 to", "depth"),
        (
            {"path": "Volume$0:/t", "session_fingerprint": "nobody"},
            "The logon session is not at hand",
            "session_fingerprint",
        ),
    ],
)
def test_what_can_not_be_listed(
    provider: CalledProvider,
    mount: dict[str, Any],
    written: dict[str, Any],
    says: str,
    attribute: str,
) -> None:
    said = provider.read(FILES, **mount | written).error
    assert says in said
    assert f"[{attribute}]" in said


def test_a_filter_that_matches_nothing_gives_an_empty_list(
    provider: CalledProvider, mount: dict[str, Any]
) -> None:
    assert provider.read(FILES, path="Volume$0:/t", name="*.pdf", **mount).value["files"] == []


def test_a_mount_that_is_not_there_is_an_error_on_its_id(
    provider: CalledProvider, mount: dict[str, Any]
) -> None:
    wrong = {"mount_point_id": f"vm/{RESTORE_POINT}/77"}
    said = provider.read(FILES, path="Volume$0:/t", **mount | wrong).error
    assert "Mount point not found [mount_point_id]" in said

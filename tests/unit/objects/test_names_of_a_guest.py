"""Names that somebody in a backed-up machine has chosen: what can't be fetched or restored."""

from pathlib import Path
from typing import Any

from helpers import MOUNTS, Server, files_in

from support.called_provider import CalledProvider

FOLDER = "Volume$0:/t"


def add(server: Server, *names: str) -> None:
    for name in names:
        server.simulator.add_file("web02", f"{FOLDER}/{name}", name.encode(errors="replace"))


def test_what_can_not_be_fetched_is_listed_and_the_rest_is_fetched(
    provider: CalledProvider, server: Server, mount: dict[str, Any], tmp_path: Path
) -> None:
    add(server, "fine", "broken", "gone", "barred", "half \ud800", "..", "also fine", "東" * 100)
    (tmp_path / "got" / "t" / "barred").mkdir(parents=True)
    server.fault("status", "GET .*/broken", None, code=500)
    server.fault("status", "GET .*/gone", None, code=404)
    paths = [FOLDER, "Volume$0:/nothing", "Volume$0:/etc/hosts"]
    download: dict[str, Any] = {"paths": paths, "folder": str(tmp_path / "got")}
    said = provider.act("veeam_file_download", **download, **mount).error
    assert "Not everything was downloaded" in said
    for name in ("broken: Enterprise", "gone: ", "barred: The download", "half \ufffd: "):
        assert f"{FOLDER}/{name}" in said
    assert f"{FOLDER}/..: no path can have such a name" in said
    assert "has no Volume$0:/nothing" in said
    there = {path.rpartition("/")[2] for path, _ in files_in(tmp_path / "got")}
    (long,) = (name for name in there if name.startswith("東" * 50 + "~"))
    assert there == {"fine", "also fine", "hosts", long}
    assert "Some files have other names here" in said
    assert long in said


def test_a_restore_of_which_some_fails_says_what(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    add(server, "a", "b", "c")
    server.fault("task-fails", f"POST {MOUNTS}/1/.*/b", message="the file is in use")
    paths = [f"{FOLDER}/{name}" for name in ("a", "b", "nothing", "c")]
    said = provider.act("veeam_file_restore", paths=paths, **mount).error
    assert f"could not restore {FOLDER}/b" in said
    assert "the file is in use" in said
    assert f"has no {FOLDER}/nothing" in said
    assert [one.path for one in server.simulator.restored()] == [f"{FOLDER}/a", f"{FOLDER}/c"]


def test_what_would_fail_for_all_ends_it_and_tells_the_rest(
    provider: CalledProvider, server: Server, mount: dict[str, Any]
) -> None:
    add(server, "a", "b", "c")
    server.fault("expire-session", f"POST {MOUNTS}/1/.*/b")
    paths = [f"{FOLDER}/{name}" for name in "abc"]
    said = provider.act("veeam_file_restore", paths=paths, **mount).error
    assert f"Done before it: {FOLDER}/a. Not done: {FOLDER}/b, {FOLDER}/c." in said

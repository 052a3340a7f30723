"""Arguments as people write them."""

import importlib
import os
from pathlib import Path

import pytest

from terraform_provider_veeam.cli import commands, connection
from terraform_provider_veeam.em.files.overwrite import Overwrite
from terraform_provider_veeam.em.models import RestorePointType


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Options of the commands that were run; nothing else happens."""
    seen: list[object] = []

    def take(options: object) -> int:
        seen.append(options)
        return 0

    for name in ("ls", "get", "find", "install", "mirror", "keep_alive"):
        module = importlib.import_module(f"terraform_provider_veeam.cli.{name}")
        monkeypatch.setattr(module, "run", take)
    monkeypatch.setattr(connection, "run", lambda command, options: command(options))
    return seen


def parse(parsed: list[object], *arguments: str) -> dict[str, object]:
    assert commands.run(arguments) == 0
    return vars(parsed.pop())


@pytest.mark.parametrize(
    "arguments",
    [
        ("ls", "web02", "Volume$0:/etc", "--os-kind", "Linux", "--json"),
        ("ls", "web02", "--os-kind", "Linux", "Volume$0:/etc", "--json"),
        ("ls", "--json", "--os-kind", "linux", "web02", "Volume$0:/etc"),
        ("ls", "--os-kind=Linux", "web02", "--json", "Volume$0:/etc"),
        ("ls", "--os-kind", "Linux", "--json", "--", "web02", "Volume$0:/etc"),
    ],
)
def test_options_may_stand_between_arguments(
    parsed: list[object], arguments: tuple[str, ...]
) -> None:
    options = parse(parsed, *arguments)
    assert options["machine"] == ("web02", None, "")
    assert (options["path"], options["os_kind"], options["json"]) == (
        "Volume$0:/etc",
        "Linux",
        True,
    )


def test_options_may_stand_between_many(parsed: list[object]) -> None:
    arguments = ("oracle03", "E:/a", "--to", "got", "E:/b", "--dry-run", "E:/c")
    options = parse(parsed, "get", *arguments, "--overwrite", "if-older", "--type", "vm")
    assert options["paths"] == ["E:/a", "E:/b", "E:/c"]
    assert options["overwrite"] is Overwrite.IF_OLDER
    assert options["type"] is RestorePointType.VM
    assert parse(parsed, "keep-alive", "stop", "--all", "a")["session"] == ["a"]


@pytest.mark.parametrize("given", [("--to", "~/got"), ("--to=~/got",)])
def test_a_home_folder_is_meant_by_its_sign(
    parsed: list[object], given: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse(parsed, "get", "oracle03", "E:/a", *given)["to"] == tmp_path / "got"
    assert parse(parsed, "install", "--plugin-dir", "~/p")["plugin_dir"] == tmp_path / "p"
    assert parse(parsed, "mirror", "~/m", "~/a.zip")["packages"] == [tmp_path / "a.zip"]


REFUSED = [
    (("ls", ""), "argument MACHINE[@DATE]: It is empty."),
    (("ls", "oracle03", ""), "argument PATH: It is empty."),
    (("get", " ", "E:/a", "--to", "x"), "argument MACHINE[@DATE]: It is empty."),
    (("get", "oracle03", "E:/a", "", "--to", "x"), "argument PATH: It is empty."),
    (("get", "oracle03", "E:/a", "--to", ""), "argument --to: It is empty."),
    (("get", "oracle03", "E:/a", "--to", "~no such user/x"), "There is no home folder"),
    (("get", "oracle03", "E:/a", "--to", "x", "--overwrite", "yes"), "none of never, if-older"),
    (("points", ""), "argument MACHINE: It is empty."),
    (("points", "oracle03", "--after", ""), "argument --after: It is empty."),
    (("points", "oracle03", "--backup-server", ""), "argument --backup-server: It is empty."),
    (("find", "", "E:/a"), "argument MACHINE: It is empty."),
    (("find", "oracle03", ""), "argument PATH: It is empty."),
    (("find", "oracle03", "/"), '"/" names nothing'),
    (("find", "oracle03", "../a"), "has a part . or .."),
    (("find", "oracle03", "*/a"), "Name the volume"),
    (("machines", ""), "argument PATTERN: It is empty."),
    (("machines", "--type", ""), "argument --type: It is empty."),
    (("ls", "oracle03", "--os-kind", "E:\\x"), "E:\\x is none of Windows, Linux."),
    (("install", "--plugin-dir", ""), "argument --plugin-dir: It is empty."),
    (("mirror", "", "a.zip"), "argument DIR: It is empty."),
    (("mirror", "m", ""), "argument ZIP: It is empty."),
    (("keep-alive", ""), "argument list | stop: It is empty."),
    (("keep-alive", "stop", ""), "argument SESSION: It is empty."),
    (("keep-alive", "--for", ""), "argument --for: It is empty."),
    (("ls", os.fsdecode(b"\xff")), r'argument MACHINE[@DATE]: "\udcff" is not UTF-8.'),
    (("points", os.fsdecode(b"a\xff")), r'argument MACHINE: "a\udcff" is not UTF-8.'),
    (("find", "oracle03", os.fsdecode(b"\xff")), r'argument PATH: "\udcff" is not UTF-8.'),
    (("get", "oracle03", os.fsdecode(b"E:/\xff"), "--to", "x"), r'"E:/\udcff" is not UTF-8.'),
    (("E:\\Docs",), 'there is no command "E:\\Docs"'),
    ((os.fsdecode(b"\xff"),), 'there is no command "\\udcff"'),
]


@pytest.mark.parametrize(("arguments", "says"), REFUSED)
def test_what_can_not_be_meant_is_refused_by_its_name(
    parsed: list[object],
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    says: str,
) -> None:
    with pytest.raises(SystemExit) as raised:
        commands.run(arguments)
    assert raised.value.code == 2
    assert says in capsys.readouterr().err
    assert parsed == []


def test_a_folder_of_this_machine_need_not_be_utf_8(parsed: list[object]) -> None:
    folder = os.fsdecode(b"got\xff")
    assert parse(parsed, "get", "oracle03", "E:/a", "--to", folder)["to"] == Path(folder)


@pytest.mark.parametrize("path", ["Contract.docx", "*.docx", "Docs/a", "/etc/hosts", "E:/a", "X:"])
def test_what_is_sought_needs_no_volume(parsed: list[object], path: str) -> None:
    assert parse(parsed, "find", "oracle03", path)["path"] == path


def test_help_names_each_variable_in_whole(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("machines", "points", "ls", "get", "restore", "find"):
        with pytest.raises(SystemExit):
            commands.run([command, "--help"])
        said = capsys.readouterr().out
        assert "VEEAM_EM_PASSWORD" in said
        assert "…" not in said
        assert "provider block" not in said

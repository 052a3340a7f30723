"""Servers by name: what is read of `servers.toml`, which password goes where, what is written."""

import os
from pathlib import Path
from typing import Any

import pytest

from terraform_provider_veeam import servers
from terraform_provider_veeam.config import InvalidConfiguration, check, resolve
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.platforms import configuration_folder

TWO = r"""
[zurich]
url = "https://em.zurich.example"
username = 'EXAMPLE\ann'
certificate_fingerprint = "AB:CD"
max_retries = 2
password_command = "printf %s of-zurich"

# the new one
[bern]
url = "https://em.bern.example:9399"
"""
PIN, OTHER_PIN = "ab" * 32, "cd" * 32
TWO = TWO.replace("AB:CD", PIN)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "servers.toml"
    path.write_text(TWO)
    return path


def settings(file: Path, block: dict[str, Any] | None = None, **environment: str) -> Settings:
    said = {"VEEAM_EM_SERVERS_FILE": str(file)} | environment
    return resolve(block or {}, "test/1", said)


def refused(file: Path, block: dict[str, Any] | None = None, **environment: str) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        settings(file, block, **environment)
    return str(caught.value)


def test_a_named_server_has_its_settings_from_the_file(file: Path) -> None:
    for got in (settings(file, {"server": "zurich"}), settings(file, VEEAM_EM_SERVER="zurich")):
        assert (got.base_url, got.username) == (
            "https://em.zurich.example:9398/api",
            r"EXAMPLE\ann",
        )
        assert (got.certificate_fingerprint, got.max_retries) == (PIN, 2)
        assert (got.password, got.request_timeout) == ("of-zurich", 30.0)


def test_a_fingerprint_is_named_where_it_is_written(file: Path) -> None:
    in_file = 'certificate_fingerprint of server "zurich", in servers.toml,'
    assert settings(file, {"server": "zurich"}).pin_name == in_file
    pinned = {"server": "zurich", "certificate_fingerprint": OTHER_PIN}
    in_block = "certificate_fingerprint (VEEAM_EM_CERTIFICATE_FINGERPRINT)"
    assert settings(file, pinned).pin_name == in_block


def test_configuration_beats_the_environment_beats_the_file(file: Path) -> None:
    got = settings(
        file,
        {"server": "zurich", "max_retries": 7, "password": "of-the-block"},
        VEEAM_EM_SERVER="zurich",
        VEEAM_EM_MAX_RETRIES="8",
        VEEAM_EM_CERTIFICATE_FINGERPRINT=OTHER_PIN,
        VEEAM_EM_PASSWORD_FILE="/no/such/file",
    )
    assert (got.max_retries, got.password) == (7, "of-the-block")
    assert got.certificate_fingerprint == OTHER_PIN
    bern = {"server": "bern", "username": "me"}
    assert settings(file, bern, VEEAM_EM_SERVER="bern", VEEAM_EM_PASSWORD="x").password == "x"
    assert settings(file, {"server": "zurich"}, VEEAM_EM_PASSWORD="x").password == "x"
    got = settings(file, {"server": "zurich"}, VEEAM_EM_INSECURE="true")
    assert (got.insecure, got.certificate_fingerprint) == (True, None)
    got = settings(file, {"server": "zurich"}, VEEAM_EM_SESSION_TOKEN="token")
    assert (got.session_token, got.username, got.password) == ("token", None, None)


@pytest.mark.parametrize(
    ("block", "of_the_environment"),
    [
        ({"server": "zurich"}, {"VEEAM_EM_URL": "https://em.geneva.example"}),
        ({"server": "zurich"}, {"VEEAM_EM_SERVER": "bern"}),
        ({"server": "zurich"}, {"VEEAM_EM_URL": "not an address"}),
        ({"url": "https://em.geneva.example", "username": "me"}, {"VEEAM_EM_SERVER": "zurich"}),
    ],
)
@pytest.mark.parametrize(
    "secret", ["PASSWORD", "PASSWORD_FILE", "PASSWORD_COMMAND", "SESSION_TOKEN"]
)
def test_what_the_environment_has_for_one_server_goes_to_no_other(
    file: Path, block: dict[str, Any], of_the_environment: dict[str, str], secret: str
) -> None:
    file.write_text(TWO.replace("password_command", "# "))
    said = refused(file, block, **of_the_environment, **{f"VEEAM_EM_{secret}": "of-another"})
    assert "password is not set" in said
    assert f"VEEAM_EM_{secret} is set, but belongs to the server that VEEAM_EM_URL or" in said
    got = settings(
        file,
        block | {"password": "of-this-one"},
        **of_the_environment,
        VEEAM_EM_USERNAME="another",
        VEEAM_EM_CERTIFICATE_FINGERPRINT=OTHER_PIN,
        VEEAM_EM_REQUEST_TIMEOUT="7s",
    )
    assert got.username != "another"
    assert got.certificate_fingerprint != OTHER_PIN
    assert (got.password, got.request_timeout) == ("of-this-one", 7.0)


def test_an_environment_for_the_same_server_counts(file: Path) -> None:
    got = settings(
        file,
        {"server": "bern"},
        VEEAM_EM_URL="https://EM.bern.example:9399/api",
        VEEAM_EM_USERNAME="me",
        VEEAM_EM_PASSWORD="of-bern",
    )
    assert (got.base_url, got.username, got.password) == (
        "https://em.bern.example:9399/api",
        "me",
        "of-bern",
    )


def test_a_server_and_an_address_exclude_each_other(file: Path) -> None:
    block = {"server": "zurich", "url": "https://em.geneva.example"}
    assert [problem.attribute for problem in check(block)] == ["server"]
    assert "Both server and url are set" in refused(file, block)
    said = refused(file, VEEAM_EM_SERVER="zurich", VEEAM_EM_URL="https://em.geneva.example")
    assert "Both VEEAM_EM_SERVER and VEEAM_EM_URL are set" in said


def test_where_a_password_is_goes_with_the_account_of_the_file_alone(file: Path) -> None:
    other, same = {"server": "zurich", "username": "bob"}, r"example\ANN"
    assert "password is not set" in refused(file, other)
    assert settings(file, {"server": "zurich", "username": same}).password == "of-zurich"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('password = "hunter2"', "has the password of [bern] in the clear"),
        ('Password = "hunter2"', "has the password of [bern] in the clear"),
        ('session_token = "hunter2"', "has the session_token of [bern] in the clear"),
        ("urll = 'x'", '[bern] in {file} has "urll", which is no setting. Is url meant?'),
        ("username = 5", "username of [bern] in {file} has to be text in quotation marks."),
        ("insecure = 'yes'", "insecure of [bern] in {file} has to be true or false."),
        ("max_retries = true", "max_retries of [bern] in {file} has to be text"),
        ("max_retries = 1000", 'From max_retries of server "bern": "1000" is not a whole number'),
        ("url = ", "{file} is not TOML: "),
        ('api_version = "1.7"', 'From api_version of server "bern": "1.7" is not an API version'),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_place(file: Path, line: str, says: str) -> None:
    with file.open("a") as opened:
        opened.write(f"{line}\n")
    said = refused(file, {"server": "bern", "username": "me", "password": "x"})
    assert says.format(file=file) in said
    assert "hunter2" not in said
    if "in the clear" in says:  # nobody gets anything from such a file
        assert says in refused(file, {"server": "zurich"})


def test_a_server_that_is_not_there_names_those_that_are(file: Path) -> None:
    assert "Those there are: zurich. To add one: terraform-provider-veeam servers add" in refused(
        file, {"server": "zuerich"}
    )
    assert "Those there are: zurich, bern." in refused(file, {"server": "x"})
    assert f"{file}-none. To add one" in refused(Path(f"{file}-none"), {"server": "x"})
    file.write_text('url = "https://em.example"\n')
    assert f'"url" in {file} stands below no [NAME].' in refused(file, {"server": "x"})
    file.write_text("[x]\n")
    assert f"[x] in {file} has no url." in refused(file, {"server": "x"})


def test_paths_are_relative_to_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (file.parent / "secret.txt").write_text("of-bern\n")
    with file.open("a") as opened:
        opened.write('password_file = "secret.txt"\nca_certificate = "~nobody-there/ca.pem"\n')
    monkeypatch.chdir("/")
    said = refused(file, {"server": "bern", "username": "me"})
    assert 'From ca_certificate of server "bern": "~nobody-there/ca.pem" can\'t be read' in said
    file.write_text(file.read_text().replace("ca_certificate", "# "))
    assert settings(file, {"server": "bern", "username": "me"}).password == "of-bern"


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the folder for its user")
def test_a_file_that_everybody_can_write_is_not_believed(file: Path) -> None:
    file.chmod(0o666)
    assert "can be written by every user of this machine" in refused(file, {"server": "zurich"})
    file.chmod(0o664)  # a checkout
    assert settings(file, {"server": "zurich"}).password == "of-zurich"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_file_is_read_and_written_as_windows_makes_it(file: Path, encoding: str) -> None:
    file.write_bytes(TWO.replace("\n", "\r\n").encode(encoding))
    environment = {"VEEAM_EM_SERVERS_FILE": str(file)}
    assert list(servers.read(environment)) == ["zurich", "bern"]
    servers.remove("zurich", environment)
    assert list(servers.read(environment)) == ["bern"]
    assert "# the new one" in file.read_text("utf-8")


def test_adding_and_removing_leaves_the_rest_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "servers.toml"
    environment = {"VEEAM_EM_SERVERS_FILE": str(file)}
    entry = {"url": "https://em.geneva.example", "username": 'GE\\"ö"\n', "max_retries": 3}
    assert servers.add("geneva", entry, environment) == file
    assert servers.read(environment) == {"geneva": entry}
    file.write_text(file.read_text() + "# of all\n" + TWO)
    with pytest.raises(servers.InvalidServers, match='There is a server "zurich" in'):
        servers.add("zurich", entry, environment)
    servers.remove("geneva", environment)
    assert file.read_text() == "# of all\n" + TWO
    servers.remove("bern", environment)
    assert file.read_text() == ("# of all\n" + TWO).partition("# the new one\n")[0]
    with pytest.raises(servers.InvalidServers, match='There is no server "bern"'):
        servers.remove("bern", environment)


def test_what_can_not_be_changed_line_by_line_is_left(file: Path) -> None:
    file.write_text('zurich.url = "https://em.zurich.example"\n')
    before = file.read_text()
    with pytest.raises(servers.InvalidServers, match="edit it"):
        servers.remove("zurich", {"VEEAM_EM_SERVERS_FILE": str(file)})
    assert file.read_text() == before


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_a_link_to_the_file_stays_one(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(file)
    servers.remove("bern", {"VEEAM_EM_SERVERS_FILE": str(link)})
    assert link.is_symlink()
    assert "bern]" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.toml", "servers.toml"]


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {"HOME": "/home/me"}, "/home/me/.config/terraform-provider-veeam"),
        ("linux", {"XDG_CONFIG_HOME": "/etc/me"}, "/etc/me/terraform-provider-veeam"),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "a"}, "/h/.config/terraform-provider-veeam"),
        (
            "darwin",
            {"HOME": "/Users/me"},
            "/Users/me/Library/Application Support/terraform-provider-veeam",
        ),
        ("win32", {"APPDATA": "/AppData"}, "/AppData/terraform-provider-veeam"),
    ],
)
def test_the_file_is_in_the_configuration_folder_of_the_platform(
    platform: str, environment: dict[str, str], folder: str
) -> None:
    assert configuration_folder(environment, platform=platform) == folder

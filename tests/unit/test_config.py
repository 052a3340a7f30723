"""The provider block and its environment variables."""

import base64
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from terraform_provider_veeam.config import InvalidConfiguration, Problem, check, resolve
from terraform_provider_veeam.em.settings import Settings
from tfplugin.types import Unknown

WHOLE = {"url": "https://em.example.com", "username": "EXAMPLE\\backup", "password": "secret"}


def settings(block: dict[str, Any] | None = None, **environment: str) -> Settings:
    return resolve(WHOLE if block is None else block, "test/1", environment)


def problems(block: dict[str, Any], **environment: str) -> list[Problem]:
    with pytest.raises(InvalidConfiguration) as caught:
        resolve(block, "test/1", environment)
    return caught.value.problems


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        ("https://em.example.com", "https://em.example.com:9398/api"),
        ("https://em.example.com/", "https://em.example.com:9398/api"),
        ("https://EM.example.com:443/api/", "https://em.example.com:443/api"),
        ("https://10.0.0.5:9398/api", "https://10.0.0.5:9398/api"),
        ("https://em.example.com/API/", "https://em.example.com:9398/api"),
        ("https://em.example.com:/Api", "https://em.example.com:9398/api"),
        ("HTTPS://[fd00::5]", "https://[fd00::5]:9398/api"),
        ("https://backup_server", "https://backup_server:9398/api"),
        ("https://sicherung-münchen.example", "https://sicherung-münchen.example:9398/api"),
    ],
)
def test_a_url_is_completed(url: str, base_url: str) -> None:
    assert settings({**WHOLE, "url": url}).base_url == base_url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("em.example.com", "no scheme"),
        ("em.example.com?token=secret", "no scheme"),
        ("secret://em.example.com", "its scheme"),
        ("https://", "names no host"),
        ("https://em.example.com/secret", "follows the host"),
        ("https://em.example.com/api/secret", "follows the host"),
        ("https://em.example.com:9398/api?token=secret", "follows the host"),
        ("https://em.example.com:9398/api#secret", "follows the host"),
        ("https://me:secret@em.example.com", "username and password"),
        ("https://me:secret24#@em.example.com", "username and password"),
        ("https://me:secret24/@em.example.com", "username and password"),
        ("https://me:secret24?@em.example.com", "username and password"),
        ("https://secret@em.example.com", "username and password"),
        ("me:secret@em.example.com", "username and password"),
        ("https://em.example.com:secret", "can't be understood"),
        ("https://em.example.com:0", "port 0"),
        ("https://em.example.com:port", "can't be understood"),
        ("https://em example.com", "names no host"),
        ("https://*.example.com", "names no host"),
        ("https://.example.com", "names no host"),
        ("https://-em.example.com", "names no host"),
        (f"https://{'a' * 64}.example.com", "names no host"),
        ("https://[fd00::5", "can't be understood"),
    ],
)
def test_a_malformed_url_is_explained_without_repeating_a_password(url: str, says: str) -> None:
    (problem,) = problems({**WHOLE, "url": url})
    assert problem.attribute == "url"
    assert says in problem.detail
    assert "secret" not in problem.detail


def test_a_plain_http_url_needs_insecure() -> None:
    (problem,) = problems({**WHOLE, "url": "http://em.example.com"})
    assert (problem.attribute, problem.summary) == ("url", "url is not encrypted")
    assert "https:// in url (VEEAM_EM_URL)" in problem.detail
    assert "insecure = true (VEEAM_EM_INSECURE)" in problem.detail
    plain = settings({**WHOLE, "url": "http://em.example.com", "insecure": True})
    assert plain.base_url == "http://em.example.com:9398/api"


def test_a_plain_http_url_is_told_before_the_plan_unless_the_environment_may_allow_it() -> None:
    plain = {"url": "http://em.example.com"}
    assert [problem.attribute for problem in check(plain, {})] == ["url"]
    assert check(plain | {"insecure": Unknown}, {}) == []
    assert check(plain, {"VEEAM_EM_INSECURE": "true"}) == []


@pytest.mark.parametrize(
    ("missing", "variable"),
    [
        ("url", "VEEAM_EM_URL"),
        ("username", "VEEAM_EM_USERNAME"),
        ("password", "VEEAM_EM_PASSWORD"),
    ],
)
def test_a_missing_attribute_is_named_with_its_variable(missing: str, variable: str) -> None:
    (problem,) = problems({k: v for k, v in WHOLE.items() if k != missing})
    assert problem.attribute == missing
    assert variable in problem.detail


def test_the_block_beats_the_environment_beats_the_default() -> None:
    environment = {"VEEAM_EM_PASSWORD": "other", "VEEAM_EM_MAX_RETRIES": "0", "VEEAM_EM_URL": ""}
    got = settings(WHOLE, **environment)
    assert (got.password, got.max_retries, got.request_timeout) == ("secret", 0, 30.0)
    assert got.api_version == "latest"


def test_an_empty_string_counts_as_not_set() -> None:
    got = settings({**WHOLE, "password": "", "ca_certificate": ""}, VEEAM_EM_PASSWORD="other")
    assert (got.password, got.ca_certificate) == ("other", None)


def test_a_session_token_needs_no_user() -> None:
    got = settings({"url": WHOLE["url"], "session_token": "abc"}, VEEAM_EM_USERNAME="someone")
    assert (got.session_token, got.username) == ("abc", None)


@pytest.mark.parametrize(
    ("token", "says"),
    [("  ", "It is blank."), ("two words", "characters"), ("tökén", "characters")],
)
def test_a_session_token_that_no_header_can_have_is_refused(token: str, says: str) -> None:
    (problem,) = problems({"url": WHOLE["url"], "session_token": token})
    assert problem.attribute == "session_token"
    assert says in problem.detail
    assert token.strip() == "" or token not in problem.detail


def test_a_user_in_the_block_beats_a_session_token_in_the_environment() -> None:
    assert settings(VEEAM_EM_SESSION_TOKEN="abc").session_token is None


def test_session_token_and_username_exclude_each_other() -> None:
    (problem,) = problems({**WHOLE, "session_token": "abc"})
    assert problem.attribute == "session_token"
    assert problem.summary == "Both session_token and username are set"
    (problem,) = problems(
        {"url": WHOLE["url"], "password": "x"},
        VEEAM_EM_USERNAME="someone",
        VEEAM_EM_SESSION_TOKEN="abc",
    )
    assert "VEEAM_EM_SESSION_TOKEN and VEEAM_EM_USERNAME" in problem.summary


def test_insecure_and_a_fingerprint_exclude_each_other() -> None:
    (problem,) = check({"insecure": True, "certificate_fingerprint": "ab" * 32})
    assert problem.attribute == "insecure"


@pytest.mark.parametrize(
    "text",
    [
        "AB" * 32,
        ":".join(["ab"] * 32),
        " ".join(["AB"] * 32),
        "SHA256:" + "ab" * 32,
        "SHA-256: " + "ab" * 32,
        "sha256 Fingerprint=" + ":".join(["AB"] * 32) + "\n",  # openssl 3
        "SHA256 Fingerprint=" + ":".join(["AB"] * 32) + "\r\n",  # openssl 1.1
        "SHA2-256(stdin)= " + "ab" * 32,  # openssl dgst
        "\u200e" + " ".join(["ab"] * 32),  # copied from Windows' window
        "\ufeff" + "ab" * 32,
    ],
)
def test_a_fingerprint_is_taken_as_tools_print_it(text: str) -> None:
    assert settings({**WHOLE, "certificate_fingerprint": text}).certificate_fingerprint == "ab" * 32


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ab" * 20, "SHA-1"),
        ("SHA1 Fingerprint=" + ":".join(["AB"] * 20), "SHA-1"),
        ("sha1 Fingerprint=" + ":".join(["AB"] * 20) + "\n", "SHA-1"),
        ("MD5 Fingerprint=" + ":".join(["AB"] * 16), "MD5"),
        ("SHA512:" + "ab" * 64, "SHA-512"),
        ("SHA256:" + "ab" * 31, "64 hexadecimal digits"),
        ("xy" * 32, "64 hexadecimal digits"),
    ],
)
def test_another_fingerprint_is_recognised(text: str, says: str) -> None:
    (problem,) = check({"certificate_fingerprint": text})
    assert problem.attribute == "certificate_fingerprint"
    assert says in problem.detail


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_last_line_break_and_a_byte_order_mark_are_no_part_of_a_value(ending: str) -> None:
    """As `file("password.txt")` gives them, or a variable that Windows set."""
    block = {name: f"\ufeff{value}{ending}" for name, value in WHOLE.items()}
    assert settings(block) == settings()
    environment = {f"VEEAM_EM_{name.upper()}": value for name, value in block.items()}
    environment |= {"VEEAM_EM_MAX_RETRIES": f"5{ending}", "VEEAM_EM_INSECURE": f"false{ending}"}
    assert settings({}, **environment) == settings()
    (problem,) = problems({**WHOLE, "password": ending})
    assert problem.summary == "password is not set"


def test_what_is_within_a_password_is_left() -> None:
    password = " a\nb\t\u00e9: "
    assert settings({**WHOLE, "password": password}).password == password


@pytest.mark.parametrize(
    ("username", "says"),
    [
        ("EXAMPLE\\back:up", "colon"),
        ("back\0up", "not seen"),
        ("CORP\nup", r'Write the backslash of DOMAIN\user twice, like "CORP\\n…"'),
        ("CORP\rup", r"what \r means"),
        ("CORP\tup", r"what \t means"),
    ],
)
def test_a_user_name_that_no_logon_can_carry_is_refused(username: str, says: str) -> None:
    (problem,) = problems({**WHOLE, "username": username})
    assert problem.attribute == "username"
    assert says in problem.detail
    assert "up" not in problem.detail


PEM, OTHER = (trustme.CA().cert_pem.bytes().decode() for _ in range(2))
DER = ssl.PEM_cert_to_DER_cert(PEM)
KEY = trustme.CA().private_key_pem.bytes().decode()


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (PEM.encode(), PEM),
        (PEM.replace("\n", "\r\n").encode(), PEM),
        (f"# T\u00dcRKTRUST \u2014 a root\n{PEM}\n# M\u00fcnchen\n{OTHER}".encode(), PEM + OTHER),
        (f"# T\u00dcRKTRUST\n{PEM}".encode("latin-1"), PEM),
        (PEM.encode("utf-8-sig"), PEM),
        (PEM.encode("utf-16"), PEM),
        (PEM.encode("utf-16-le"), PEM),
        (PEM.encode("utf-16-be"), PEM),
        (f"{KEY}{PEM}".encode(), PEM),
        (DER, PEM),
    ],
)
def test_a_file_of_certificates_is_read_in_whichever_form(
    tmp_path: Path, data: bytes, found: str
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(data)
    assert settings({**WHOLE, "ca_certificate": str(file)}).ca_certificate == found


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        f"\ufeff# T\u00dcRKTRUST\n{PEM}",
        f"{KEY}{PEM}",
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", " "),
        base64.b64encode(DER).decode(),  # filebase64
        base64.b64encode(PEM.encode()).decode(),
    ],
)
def test_a_text_of_certificates_is_read_in_whichever_form(text: str) -> None:
    assert settings({**WHOLE, "ca_certificate": text}).ca_certificate == PEM


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("/no/such/file", '"/no/such/file" can\'t be read: No such file'),
        ("/", "directory"),
        ("a\0b", "neither a path"),
        ("x" * 5000, "It can't be read: File name too long"),
        ("~no-such-user/ca.pem", "neither a path"),
        ("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "damaged"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "damaged"),
        ("-----BEGIN CERTIFICATE-----\nAAAA", "no certificate"),
        (KEY, "no certificate"),
        (b"", "no certificate"),
        (b"\x30\x82\x01\x00", "no certificate"),
        (b"\xff\xfe\x00", "no certificate"),
        (KEY.encode(), "no certificate"),
        (PEM[:200].encode(), "no certificate"),
    ],
)
def test_an_unusable_ca_certificate_is_explained_and_not_quoted(
    tmp_path: Path, value: str | bytes, says: str
) -> None:
    file = tmp_path / "ca.pem"
    if isinstance(value, bytes):
        file.write_bytes(value)
    (problem,) = check({"ca_certificate": value if isinstance(value, str) else str(file)})
    assert problem.attribute == "ca_certificate"
    assert says in problem.detail
    assert not [line for line in KEY.splitlines()[1:-1] if line in problem.detail]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request_timeout", "30"),
        ("max_retries", -1),
        ("max_retries", 1.5),
        ("max_retries", 1000),
        ("max_retries", "many"),
        ("insecure", "perhaps"),
        ("api_version", "1.7"),
    ],
)
def test_an_invalid_value_names_its_attribute(name: str, value: object) -> None:
    (problem,) = check({name: value})
    assert problem.attribute == name


def test_a_bad_value_in_the_environment_names_the_variable() -> None:
    (problem,) = problems(WHOLE, VEEAM_EM_REQUEST_TIMEOUT="soon")
    assert problem.attribute == "request_timeout"
    assert "VEEAM_EM_REQUEST_TIMEOUT" in problem.detail


def test_quotation_marks_that_no_shell_removed_are_told_by_their_variable() -> None:
    (problem,) = problems(
        {}, VEEAM_EM_URL='"https://em.example.com"', VEEAM_EM_USERNAME="me", VEEAM_EM_PASSWORD='"'
    )
    assert problem.attribute == "url"
    assert problem.detail.startswith("From the environment variable VEEAM_EM_URL: It is in quot")
    assert settings(VEEAM_EM_PASSWORD="'x'", VEEAM_EM_CA_CERTIFICATE="").password == "secret"
    without = {name: value for name, value in WHOLE.items() if name != "password"}
    assert settings(without, VEEAM_EM_PASSWORD="'x'").password == "'x'"  # it may be one
    assert settings(WHOLE | {"username": "'me'"}).username == "'me'"  # no file for containers


def test_variables_that_nobody_reads_are_named_when_something_is_missing() -> None:
    first, *others = problems(
        {}, VEEAM_USERNAME="me", VEEAM_EM_FINGERPRINT="ab", VEEAM_EM_IDLE_LIMIT="5m", VEEAMER="x"
    )
    assert [problem.attribute for problem in (first, *others)] == ["url", "username", "password"]
    assert (
        "VEEAM_EM_FINGERPRINT is set, but is not read: is VEEAM_EM_CERTIFICATE_FINGERPRINT meant?"
        in first.detail
    )
    assert "VEEAM_USERNAME is set, but is not read: is VEEAM_EM_USERNAME meant?" in first.detail
    assert "IDLE_LIMIT" not in first.detail
    assert "VEEAMER" not in first.detail
    assert not any("is set" in problem.detail for problem in others)
    assert "VEEAM_URL" in settings(WHOLE, VEEAM_URL="x").unread_variables

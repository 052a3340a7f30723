"""The provider block and its environment variables."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from terraform_provider_veeam.config import InvalidConfiguration, Problem, check, resolve
from terraform_provider_veeam.em.settings import Settings

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
        ("ftp://em.example.com", "ftp://"),
        ("https://", "names no host"),
        ("https://em.example.com/web", '"/web"'),
        ("https://em.example.com:9398/api?x=1", '"/api?x=1"'),
        ("https://me:secret@em.example.com", "username and password"),
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
    plain = settings({**WHOLE, "url": "http://em.example.com", "insecure": True})
    assert plain.base_url == "http://em.example.com:9398/api"


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


@pytest.mark.parametrize("text", ["AB" * 32, ":".join(["ab"] * 32), "SHA256:" + "ab" * 32])
def test_a_fingerprint_is_taken_as_tools_print_it(text: str) -> None:
    assert settings({**WHOLE, "certificate_fingerprint": text}).certificate_fingerprint == "ab" * 32


def test_a_sha1_thumbprint_is_recognised() -> None:
    (problem,) = check({"certificate_fingerprint": "ab" * 20})
    assert "SHA-1" in problem.detail


def test_a_ca_certificate_is_pem_text_or_a_path(tmp_path: Path) -> None:
    pem = trustme.CA().cert_pem.bytes().decode()
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    assert settings({**WHOLE, "ca_certificate": pem}).ca_certificate == pem
    assert settings({**WHOLE, "ca_certificate": str(file)}).ca_certificate == pem


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("/no/such/file", "No such file"),
        ("/", "directory"),
        ("-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----", "no certificate in PEM"),
    ],
)
def test_an_unusable_ca_certificate_is_explained(value: str, says: str) -> None:
    (problem,) = check({"ca_certificate": value})
    assert problem.attribute == "ca_certificate"
    assert says in problem.detail


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

"""The provider block: its attributes, their environment variables, and the client's settings."""

import base64
import binascii
import ipaddress
import os
import re
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from terraform_provider_veeam.em.patterns import similar_names
from terraform_provider_veeam.em.settings import Settings
from terraform_provider_veeam.masking import printable
from terraform_provider_veeam.text import as_meant, is_quoted, parse_duration, parse_session_token
from tfplugin.rules import AtMostOneOf, Needs
from tfplugin.types import Unknown

DEFAULT_PORT = 9398
MAXIMUM_RETRIES = 100
_DIGESTS = {32: "MD5", 40: "SHA-1, the thumbprint that Windows shows", 128: "SHA-512"}
_LONGEST_QUOTE = 300
_LONGEST_FILE = 16 * 1024 * 1024
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----(.*?)-----END (?:X509 )?CERTIFICATE-----", re.DOTALL
)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")  # of a host's name
_OTHER_VARIABLES = ("VEEAM_EM_IDLE_LIMIT",)
_QUOTED = (
    "It is in quotation marks, which became part of it, as they do in a file for docker "
    "--env-file. Write it without them."
)
_WORDS = {"true": True, "1": True, "false": False, "0": False}


class Problem(NamedTuple):
    """What is wrong with the provider block, and on which attribute."""

    attribute: str
    summary: str
    detail: str


class InvalidConfiguration(Exception):
    """The provider block can't be used; `problems` has an entry for each thing that is wrong."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{problem.summary}\n{problem.detail}" for problem in problems))
        self.problems = problems


def check(block: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with the values written in the block, whatever the environment says.

    One may be Unknown, and so is what is not written: the environment may have it.
    """
    given = _set(block)
    return _convert(given, {})[1] + _contradictions(dict.fromkeys(ATTRIBUTES, Unknown) | given, {})


def resolve(
    block: Mapping[str, Any],
    user_agent: str,
    environment: Mapping[str, str] = os.environ,
    *,
    in_shell: bool = False,
) -> Settings:
    """Return the client's settings: the block beats the environment beats the default.

    `in_shell` is for a person who has no block, only the environment. Raises
    InvalidConfiguration with everything that is wrong.
    """
    given = _set(block)
    origins = {}
    for name, (variable, _) in ATTRIBUTES.items():
        value = as_meant(environment.get(variable))
        if name not in given and value and not _overridden(name, block):
            given[name] = value
            origins[name] = variable

    values, problems = _convert(given, origins)
    problems += _contradictions(given, origins)
    unread = _unread(environment)
    if missing := _missing(given, in_shell=in_shell):
        first, *rest = missing
        problems += [first._replace(detail=f"{first.detail} {unread}".rstrip()), *rest]
    if problems:
        raise InvalidConfiguration(problems)
    return Settings(
        base_url=values.pop("url"), user_agent=user_agent, unread_variables=unread, **values
    )


def _unread(environment: Mapping[str, str]) -> str:
    """Return, for a person, which variables look like settings and are none."""
    known = [*(variable for variable, _ in ATTRIBUTES.values()), *_OTHER_VARIABLES]
    said = []
    for name in sorted(environment):
        if name.upper().startswith("VEEAM_") and name not in known:
            meant = " or ".join(similar_names(name, known)[:1]) or "another"
            said.append(f"{printable(name)} is set, but is not read: is {meant} meant?")
    return " ".join(said)


def _set(block: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: as_meant(block.get(name)) for name in ATTRIBUTES}
    return {name: value for name, value in values.items() if value not in (None, "")}


def _overridden(name: str, block: Mapping[str, Any]) -> bool:
    """Tell whether the block chose another way, so that this variable does not count."""
    written = _set(block)
    if name == "session_token":
        return "username" in written
    if name in ("username", "password"):
        return "session_token" in written
    if name == "insecure":
        return "certificate_fingerprint" in written
    return name == "certificate_fingerprint" and written.get("insecure") is True


def _convert(
    given: Mapping[str, Any], origins: Mapping[str, str]
) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems = []
    for name, value in given.items():
        if value is Unknown:
            continue
        try:
            if name in origins and name != "password" and is_quoted(value):
                raise ValueError(_QUOTED)  # noqa: TRY301 - told as the others are
            values[name] = ATTRIBUTES[name][1](value)
        except ValueError as error:
            source = f"From the environment variable {origins[name]}: " if name in origins else ""
            problems.append(Problem(name, f"Invalid {name}", f"{source}{error}"))
    return values, problems


def _contradictions(given: Mapping[str, Any], origins: Mapping[str, str]) -> list[Problem]:
    def named(name: str) -> str:
        return origins.get(name, name)

    problems: list[Problem] = []
    values: dict[str, Any] = {**dict.fromkeys(ATTRIBUTES), **given}
    insecure = values["insecure"]
    if insecure is not Unknown and str(insecure).lower() not in ("true", "1"):
        values["insecure"] = None
    for other in ("username", "password"):
        if problems or not AtMostOneOf("session_token", other).broken(values):
            continue
        problems.append(
            Problem(
                "session_token",
                f"Both {named('session_token')} and {named(other)} are set",
                "An existing logon session is used as it is, so it needs no user name and no "
                "password. Set session_token (VEEAM_EM_SESSION_TOKEN) alone, or username "
                "(VEEAM_EM_USERNAME) and password (VEEAM_EM_PASSWORD).",
            )
        )
    if AtMostOneOf("insecure", "certificate_fingerprint").broken(values):
        problems.append(
            Problem(
                "insecure",
                f"Both {named('insecure')} and {named('certificate_fingerprint')} are set",
                f"{named('insecure')} switches off the certificate check that "
                f"{named('certificate_fingerprint')} asks for. Remove {named('insecure')}: the "
                "fingerprint is enough for a self-signed certificate.",
            )
        )
    is_plain = str(values["url"]).lower().startswith("http://")
    if is_plain and Needs("url", "insecure").broken(values):
        problems.append(
            Problem(
                "url",
                "url is not encrypted",
                "With http:// the password and the backup's files would cross the network in "
                "clear text. Write https:// in url (VEEAM_EM_URL). If the connection is secured "
                "otherwise, set insecure = true (VEEAM_EM_INSECURE).",
            )
        )
    return problems


def _missing(given: Mapping[str, Any], *, in_shell: bool) -> list[Problem]:
    needed = {"url": "the address of Enterprise Manager, like https://em.example.com:9398"}
    if "session_token" not in given:
        name = r"EXAMPLE\backup" if in_shell else r"EXAMPLE\\backup"
        needed["username"] = f'an account with a role in it, like "{name}"'
        needed["password"] = "the password of that account"  # noqa: S105 - what it is, no password
    problems = []
    for attribute, what in needed.items():
        if attribute in given:
            continue
        variable, token = ATTRIBUTES[attribute][0], "session_token"
        if in_shell:
            token = ATTRIBUTES[token][0]
            how = f"Set the environment variable {variable} to {what}."
        else:
            how = (
                f"The provider needs {what}. Set {attribute} in the provider block or the "
                f"environment variable {variable}."
            )
        other = f" Or set {token} to use an existing logon session."
        detail = how if attribute == "url" else how + other
        name = variable if in_shell else attribute
        problems.append(Problem(attribute, f"{name} is not set", detail))
    return problems


def _url(value: str) -> str:
    """Return the address of the API. Raises ValueError, which quotes nothing: it may be secret."""
    text = value.strip()
    hint = "Write https://HOST or https://HOST:9398."
    if "@" in text:
        raise ValueError(
            "It holds a user name: use the attributes username and password, and write "
            "https://HOST or https://HOST:9398 here."
        )
    if "://" not in text:
        raise ValueError(f"It has no scheme. {hint}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"It can't be understood: is its port a number? {hint}") from None
    if parts.scheme.lower() not in ("https", "http"):
        raise ValueError(f"Enterprise Manager does not speak what its scheme says. {hint}")
    if not parts.hostname or not _is_host(parts.hostname):
        raise ValueError(f"It names no host. {hint}")
    if port == 0:
        raise ValueError(f"Nobody can listen on port 0. {hint}")
    if parts.path.rstrip("/").lower() not in ("", "/api") or "?" in text or "#" in text:
        raise ValueError(f"Something follows the host, other than /api. {hint}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme.lower()}://{host}:{port or DEFAULT_PORT}/api"


def _is_host(name: str) -> bool:
    """Tell whether it is an IP address or a valid DNS name."""
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        try:
            name = name.removesuffix(".").encode("idna").decode("ascii")
        except UnicodeError:
            return False
        return all(_LABEL.fullmatch(label) for label in name.split("."))
    return True


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("It is not UTF-8.") from None
    return value


def _username(value: str) -> str:
    text = _text(value)
    if ":" in text:
        raise ValueError(
            "It has a colon, which a logon by user name and password can't carry: what follows it "
            "would be taken for the password. Write DOMAIN\\user or user@domain."
        )
    if eaten := re.search(r"[\n\r\t]", text):
        letter = {"\n": "n", "\r": "r", "\t": "t"}[eaten[0]]
        raise ValueError(
            f"It has a line break or a tab in place of \\{letter} (in Terraform's language that is "
            f"what \\{letter} means). "
            f'Write the backslash of DOMAIN\\user twice, like "CORP\\\\{letter}…".'
        )
    if not text.isprintable():
        raise ValueError("It has a character in it that is not seen. Write it anew, by hand.")
    return text


def _api_version(value: str) -> str:
    if not re.fullmatch(r"latest|v\d+_\d+", value):
        raise ValueError(f'"{value}" is not an API version. Write "latest" or one like "v1_7".')
    return value


def _ca_certificate(value: str) -> str:
    """Return the certificates, and nothing else, of PEM text or of a file in whichever form.

    Raises ValueError, which quotes at most the path.
    """
    if "-----BEGIN" in value:
        found = _certificates(value.encode(errors="replace"))
        what = "It"
    else:
        found = _certificates(_from_base64(value) or _read(value))
        what = "The file, or what is written in its place,"
    if not found:
        raise ValueError(
            f"{what} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----) or DER. A "
            "private key, a request, PKCS #7 or PKCS #12 will not do: export the certificate "
            "alone, in Windows as X.509 (.CER)."
        )
    pem = "".join(map(ssl.DER_cert_to_PEM_cert, found))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise ValueError(f"{what} holds a certificate that is damaged.") from None
    return pem


def _certificates(data: bytes) -> list[bytes]:
    r"""Return the certificates in a text or a file, as DER.

    In UTF-16, as Windows writes it, PEM is itself with a zero beside each letter; where a variable
    is set, line breaks may have become `\n`.
    """
    blocks = _CERTIFICATE.findall(data.replace(b"\0", b""))
    if not blocks:
        return [data] if _is_certificate(data) else []
    try:
        return [base64.b64decode(re.sub(rb"\\[nr]|\s", b"", b), validate=True) for b in blocks]
    except binascii.Error:
        raise ValueError("It holds a certificate that is damaged.") from None


def _is_certificate(der: bytes) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _from_base64(value: str) -> bytes | None:
    """Return what a text is the base64 of, if that is a certificate: as `filebase64` gives it."""
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
    except ValueError:
        return None
    return data if _certificates(data) else None


def _read(path: str) -> bytes:
    try:
        with Path(path).expanduser().open("rb") as file:
            return file.read(_LONGEST_FILE)
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: a home that is not known, as in ~nobody/ca.pem.
        reason = getattr(error, "strerror", None) or "it is neither a path nor PEM text"
        named = f'"{path}"' if path.isprintable() and len(path) <= _LONGEST_QUOTE else "It"
        raise ValueError(
            f"{named} can't be read: {reason}. Give the PEM text of the certificate, or "
            "the path of a file that holds it."
        ) from None


def _fingerprint(value: str) -> str:
    """Return the digits, whatever `openssl`, `certutil` or a browser write around them."""
    text = re.sub(r"^\W*(sha-?\d+|md5)\b", "", value.lower().rpartition("=")[2])
    digits = re.sub(r"[\W_]", "", text)
    if re.fullmatch(r"[0-9a-f]+", digits) and len(digits) in _DIGESTS:
        raise ValueError(
            f"It has {len(digits)} digits, as those of {_DIGESTS[len(digits)]}. The SHA-256 "
            "fingerprint has 64: openssl x509 -noout -fingerprint -sha256 -in certificate.pem"
        )
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("A SHA-256 fingerprint has 64 hexadecimal digits, with or without colons.")
    return digits


def _insecure(value: bool | str) -> bool:  # noqa: FBT001 - the attribute's own value
    if isinstance(value, str):
        if value.lower() not in _WORDS:
            raise ValueError(f'"{value}" is neither true nor false.')
        return _WORDS[value.lower()]
    return value


def _max_retries(value: float | str) -> int:
    text = str(value).removesuffix(".0")
    if not re.fullmatch(r"\d{1,3}", text) or int(text) > MAXIMUM_RETRIES:
        raise ValueError(f'"{value}" is not a whole number from 0 to {MAXIMUM_RETRIES}.')
    return int(text)


# Attribute → environment variable, and what its value becomes.
ATTRIBUTES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "url": ("VEEAM_EM_URL", _url),
    "username": ("VEEAM_EM_USERNAME", _username),
    "password": ("VEEAM_EM_PASSWORD", _text),
    "session_token": ("VEEAM_EM_SESSION_TOKEN", parse_session_token),
    "api_version": ("VEEAM_EM_API_VERSION", _api_version),
    "ca_certificate": ("VEEAM_EM_CA_CERTIFICATE", _ca_certificate),
    "certificate_fingerprint": ("VEEAM_EM_CERTIFICATE_FINGERPRINT", _fingerprint),
    "insecure": ("VEEAM_EM_INSECURE", _insecure),
    "request_timeout": ("VEEAM_EM_REQUEST_TIMEOUT", parse_duration),
    "max_retries": ("VEEAM_EM_MAX_RETRIES", _max_retries),
}

"""The attributes of the provider block: their environment variables, and what values may be."""

import base64
import binascii
import ipaddress
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from terraform_provider_veeam.durations import parse_duration
from terraform_provider_veeam.text import parse_session_token

DEFAULT_PORT = 9398
MAXIMUM_RETRIES = 100
SERVER_NAME = r"[A-Za-z0-9_-]+"
_DIGESTS = {32: "MD5", 40: "SHA-1, the thumbprint that Windows shows", 128: "SHA-512"}
_LONGEST_QUOTE = 300
_LONGEST_FILE = 16 * 1024 * 1024
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:X509 )?CERTIFICATE-----(.*?)-----END (?:X509 )?CERTIFICATE-----", re.DOTALL
)
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")  # of a host's name
_WORDS = {"true": True, "1": True, "false": False, "0": False}


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


def address(url: str) -> str | None:
    """Return the address of the API, by which servers are told apart; None for no valid one."""
    try:
        return _url(url)
    except ValueError:
        return None


def _is_host(name: str) -> bool:
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
    """Return the certificates in PEM text or a file. Raises ValueError; it quotes a path only."""
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
    if not _is_loaded(pem):
        raise ValueError(f"{what} holds a certificate that is damaged.")
    return pem


def _certificates(data: bytes) -> list[bytes]:
    r"""Return the certificates in a text or a file, as DER.

    PEM in UTF-16, as of Windows, has a zero beside each letter; in a variable, `\n` for line
    breaks.
    """
    blocks = _CERTIFICATE.findall(data.replace(b"\0", b""))
    if not blocks:
        return [data] if _is_loaded(data) else []
    try:
        return [base64.b64decode(re.sub(rb"\\[nr]|\s", b"", b), validate=True) for b in blocks]
    except binascii.Error:
        raise ValueError("It holds a certificate that is damaged.") from None


def _is_loaded(certificates: bytes | str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
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


def _server(value: str) -> str:
    if not re.fullmatch(SERVER_NAME, value):
        raise ValueError(
            "The name of a server has letters from a to z, digits, - and _, and nothing else."
        )
    return value


# Attribute → environment variable, and what its value becomes.
ATTRIBUTES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "server": ("VEEAM_EM_SERVER", _server),
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

# Where else a password may come from → environment variable; not in the block.
SOURCES = {
    "password_file": "VEEAM_EM_PASSWORD_FILE",
    "password_command": "VEEAM_EM_PASSWORD_COMMAND",
}

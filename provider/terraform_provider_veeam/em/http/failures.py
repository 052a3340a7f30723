"""What a failed exchange means, by the kind of exception that `requests` and urllib3 raise.

The kind tells whether anything was sent, too: where it does not, something was.
"""

import errno
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import requests
from urllib3 import exceptions

from terraform_provider_veeam.em import errors
from terraform_provider_veeam.em.background import at_limit
from terraform_provider_veeam.em.http import proxies, trust
from terraform_provider_veeam.em.http.decoders import clean
from terraform_provider_veeam.em.http.session import RawRequest
from terraform_provider_veeam.em.settings import Settings

_LIMITS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_KNOWN = {errno.ECONNREFUSED: "connection refused", errno.ECONNRESET: "connection reset"}
_PROBE_TIMEOUT = 2.0  # seconds

# What a TLS handshake may break off with, and yet succeed the next time.
_PASSING_IN_TLS = ("EOF", "INTERNAL_ERROR", "BAD_RECORD_MAC", "USER_CANCELLED")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "TOO_LONG", "RECORD_LAYER_FAILURE")


class Failure(NamedTuple):
    """An exchange that failed."""

    cause: BaseException
    causes: list[BaseException]  # all that the cause is among: libraries wrap what others raise
    request: RawRequest
    settings: Settings
    seconds: float  # how long it took

    def has(self, *kinds: type[BaseException]) -> bool:
        """Tell whether there is an exception of such a kind."""
        return any(isinstance(cause, kinds) for cause in self.causes)

    @property
    def reason(self) -> str:
        """What happened, for a person."""
        # The system's own error first: urllib3 calls a refused connection a timeout too.
        for cause in self.causes:
            if isinstance(cause, ssl.SSLError):
                return f"the TLS connection failed ({clean(cause.reason or str(cause))})"
            if isinstance(cause, OSError) and cause.errno:
                return _KNOWN.get(cause.errno) or clean(cause.strerror or str(cause))
        seconds = f"within {round(self.seconds, 1):g} seconds"
        if self.has(exceptions.ConnectTimeoutError):
            return f"no connection {seconds}"
        if self.has(exceptions.TimeoutError, TimeoutError):
            return f"no answer {seconds}"
        return "the connection broke off"


def explain(
    error: BaseException, request: RawRequest, settings: Settings, seconds: float
) -> errors.EnterpriseManagerError:
    """Return the error for what an exchange has raised after so many seconds.

    The server may be asked for its certificate, or whether it speaks the other of HTTP and TLS.
    """
    if isinstance(error, errors.EnterpriseManagerError):
        return error
    causes = list(_causes(error))
    for kinds, tell in _TABLE:
        for cause in causes:
            failure = Failure(cause, causes, request, settings, seconds)
            if isinstance(cause, kinds) and (told := tell(failure)):
                told.__cause__ = error
                return told
    raise AssertionError from error  # the last row takes everything


def _limit(failure: Failure) -> errors.Unreachable | None:
    """Look whether this machine is to blame, which shows in many ways."""
    code = getattr(failure.cause, "errno", None)
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        code = error.errno
    if code not in _LIMITS:
        return None
    return at_limit(f"no more files can be opened ({os.strerror(code).lower()})", "ulimit -n")


def _proxy(failure: Failure) -> errors.EnterpriseManagerError:
    base, proxy = failure.settings.base_url, proxies.described(failure.settings.base_url)
    for cause in failure.causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return trust.explain_proxy(cause)
        if isinstance(cause, ssl.SSLError) and any(word in str(cause.reason) for word in _NOT_TLS):
            return proxies.unusable(base, "it does not speak TLS: its address begins with http://")
    if failure.has(socket.gaierror):
        return proxies.unusable(base, f"the name of the proxy {proxy} is not known here")
    reason = failure.reason
    said = getattr(failure.cause, "original_error", None)
    if isinstance(said, OSError) and not (said.errno or isinstance(said, TimeoutError)):
        # An answer to CONNECT; 408 and 429 may be over in a moment, as may 5xx.
        reason = f"it refused ({clean(str(said))})"
        if re.search(r"\b4(?!08|29)\d\d\b", str(said)):
            return proxies.unusable(base, f"{proxy} refused ({clean(str(said))})")
    return errors.Unreachable(
        "The proxy does not lead to Enterprise Manager",
        f"{failure.request}: the request is to go through the proxy {proxy}: {reason}. If "
        "Enterprise Manager is reached without it, name its host in NO_PROXY.",
    )


def _certificate(failure: Failure) -> errors.EnterpriseManagerError:
    return trust.explain(failure.settings, failure.cause, _PROBE_TIMEOUT)


def _tls(failure: Failure) -> errors.EnterpriseManagerError | None:
    """Tell why no TLS connection comes about; None for what may be over in a moment."""
    error = next((one for one in failure.causes if isinstance(one, ssl.SSLError)), None)
    if error is None:  # urllib3 itself did not like what it saw
        return _certificate(failure) if failure.settings.certificate_fingerprint else None
    reason = error.reason or ""
    if "CERTIFICATE" in reason:  # with TLS 1.3 it is told only once the request is under way
        why = (
            f"the server demands a certificate of the client ({reason}), which the provider does "
            "not have. Enterprise Manager's REST API demands none: is there a proxy in between?"
        )
    elif not reason or any(word in reason for word in _PASSING_IN_TLS):
        return None
    elif any(word in reason for word in _NOT_TLS):
        why = _PLAIN
    elif any(word in reason for word in ("PROTOCOL", "VERSION")):
        why = (
            f"the server has no version of TLS that can be used ({reason}). TLS 1.2 or 1.3 is "
            "needed: switch one of them on where Enterprise Manager runs."
        )
    else:
        why = (
            f"the two sides do not agree ({clean(reason)}). TLS 1.2 or 1.3 is needed, with a "
            "cipher that both know, and a server that demands no certificate of the client."
        )
    return _cannot_connect(failure, why)


_PLAIN = (
    "what listens there speaks plain HTTP, not TLS. Enterprise Manager's REST API is at "
    "https://HOST:9398; check url (VEEAM_EM_URL)."
)
_ENCRYPTED = (
    "what listens there speaks TLS, not plain HTTP. Write https:// in url (VEEAM_EM_URL): "
    "Enterprise Manager's REST API is at https://HOST:9398."
)


def _cannot_connect(failure: Failure, why: str) -> errors.EnterpriseManagerError:
    detail = f"{failure.request}: {why}"
    if failure.request.method != "GET":  # it is not certain that nothing was sent
        return errors.AnswerLost("The answer of Enterprise Manager was lost", detail)
    return errors.CannotConnect("The connection is not possible", detail)


def _unknown_host(failure: Failure) -> errors.EnterpriseManagerError:
    if proxies.proxy_for(failure.settings.base_url):
        return _proxy(failure)
    detail = (
        f"{failure.request}: the host name is not known ({clean(str(failure.cause))}). Check url "
        "(VEEAM_EM_URL), and that this machine can resolve the name."
    )
    is_passing = getattr(failure.cause, "errno", None) == socket.EAI_AGAIN
    kind = errors.Unreachable if is_passing else errors.UnknownHost
    return kind("Enterprise Manager can't be found", detail)


def _not_connected(failure: Failure) -> errors.EnterpriseManagerError:
    if proxies.proxy_for(failure.settings.base_url):
        return _proxy(failure)
    return errors.Unreachable(
        "Enterprise Manager can't be reached",
        f"{failure.request}: {failure.reason}. Check url (VEEAM_EM_URL), that the service Veeam "
        "RESTful API runs, and that no firewall is in between.",
    )


def _lost(failure: Failure) -> errors.EnterpriseManagerError:
    if failure.request.path == "/" and (why := _other_scheme(failure.settings.base_url)):
        return _cannot_connect(failure, why)
    acted = "" if failure.request.method == "GET" else " The server may have acted all the same."
    return errors.AnswerLost(
        "The answer of Enterprise Manager was lost",
        f"{failure.request}: {failure.reason}.{acted}",
        timed_out=failure.has(exceptions.TimeoutError, TimeoutError),
    )


def _other_scheme(base_url: str) -> str | None:
    """Ask whether what listens speaks TLS where url has http://, or the reverse."""
    if proxies.proxy_for(base_url):
        return None
    if base_url.startswith("https:"):
        return _PLAIN if trust.speaks_plain_http(base_url, _PROBE_TIMEOUT) else None
    return _ENCRYPTED if trust.fetch_certificate(base_url, _PROBE_TIMEOUT) else None


# From what is certain to what is not: the first row that knows one of the causes tells. What comes
# before `_lost` was not sent, except that TLS may also break off later.
_Row = tuple[Any, Callable[[Failure], errors.EnterpriseManagerError | None]]
_TABLE: tuple[_Row, ...] = (
    (OSError, _limit),
    (exceptions.ProxyError, _proxy),
    (ssl.SSLCertVerificationError, _certificate),
    (exceptions.SSLError, _tls),
    (socket.gaierror, _unknown_host),
    (
        (exceptions.NewConnectionError, exceptions.ConnectTimeoutError, requests.ConnectTimeout),
        _not_connected,
    ),
    (BaseException, _lost),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all its causes: urllib3 nests them."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        nested = (current.__cause__, current.__context__, getattr(current, "reason", None))
        waiting += [c for c in (*nested, *current.args) if isinstance(c, BaseException)]

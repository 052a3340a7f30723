"""The life of the process that serves Terraform: start, wait for the end, shut down."""

from __future__ import annotations

import errno
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import grpc

from tfplugin.process import handshake, logs, services
from tfplugin.process.certificate import make_certificate, pem
from tfplugin.process.lifetime import Ending, Lifetime, exit_within
from tfplugin.process.processes import terraform_process

if TYPE_CHECKING:
    from tfplugin.interfaces import Provider

# Terraform sends as many calls at once as its -parallelism says, and StopProvider on top of them. A
# thread starts only when it is needed.
_MOST_THREADS = 256
_LONGEST_MESSAGE = 256 * 1024 * 1024

# Terraform kills a provider 2 s after Shutdown.
_SHUTDOWN_SECONDS = 1.4
_SHUTDOWN_CALLS_SECONDS = 0.7
_CLOSE_SECONDS = 0.5
# Without Terraform there is more time, but somebody may be waiting for the process to end.
_CALLS_SECONDS = 10.0

_log = logging.getLogger(__name__)


class Servicer(Protocol):
    """Has a method for each call, and the event that ends their waits."""

    stop: threading.Event

    def desert(self, *, unseen: bool) -> None:
        """Undo from now on what calls make; with `unseen` also what they answered last."""


def serve(
    make_provider: Callable[[], Provider],
    make_servicer: Callable[..., Servicer],
    *,
    name: str,
    mask: Callable[[str], str] = str,
    answers: Mapping[str, bytes] | None = None,
) -> int:
    """Serve the Terraform that started this process, and return the exit code.

    What people read goes through `mask`. The first call without one of `answers` makes the rest.
    """
    logs.setup(os.environ, name, mask)
    masked = partial(make_servicer, mask=mask)
    lifetime = Lifetime(parent=terraform_process())
    if refusal := handshake.refusal(os.environ):
        return _refuse(refusal)
    with lifetime.signals(ctrl_c_ends=False), ExitStack() as stack:
        try:
            place = stack.enter_context(handshake.make_place(os.environ))
            server = Server(make_provider, masked, place, lifetime, answers)
            certificate = server.start(tls=handshake.wants_tls(os.environ))
        except OSError as error:
            return _refuse(f"The provider can't be reached by Terraform: {error}.")
        try:
            _print(handshake.line(place, certificate))
        except OSError:
            lifetime.end(Ending.ORPHANED)
        sys.stdout = sys.stderr  # a stray print must not fill a pipe that nobody reads
        server.shut_down(lifetime.wait())
    return 0


def serve_debug(
    make_provider: Callable[[], Provider],
    make_servicer: Callable[..., Servicer],
    *,
    name: str,
    mask: Callable[[str], str] = str,
) -> int:
    """Serve whichever Terraform has our TF_REATTACH_PROVIDERS, until a signal; see `serve`."""
    logs.setup(os.environ, name, mask)
    masked = partial(make_servicer, mask=mask)
    lifetime = Lifetime()
    with lifetime.signals(ctrl_c_ends=True), ExitStack() as stack:
        provider = make_provider()
        try:
            place = stack.enter_context(handshake.make_place(os.environ))
            server = Server(lambda: provider, masked, place, lifetime)
            server.start_for_anybody()
        except OSError as error:
            sys.stderr.write(f"The provider can't be reached by Terraform: {error}.\n")
            return 1
        process = {
            "Protocol": "grpc",
            "ProtocolVersion": handshake.PROTOCOL_VERSION,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": place.network, "String": place.address},
        }
        reattach = dict.fromkeys(provider.addresses, process)
        sys.stdout.write(
            "Serving until Ctrl-C. In the shell that runs Terraform or OpenTofu:\n\n"
            f"export TF_REATTACH_PROVIDERS='{json.dumps(reattach)}'\n\n"
        )
        sys.stdout.flush()
        server.shut_down(lifetime.wait())
    return 0


def _refuse(reason: str) -> int:
    """Tell why this process does not serve: Terraform shows what is no handshake."""
    sys.stderr.write(reason + "\n")
    with suppress(OSError):
        _print(reason + "\n")
    return 1


def _print(line: str) -> None:
    """Write to stdout. Raises OSError, also when there is none."""
    if sys.stdout is None:  # it was closed before the start
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    os.write(sys.stdout.fileno(), line.encode())


class _Calls(ThreadPoolExecutor):
    def __init__(self) -> None:
        super().__init__(_MOST_THREADS, thread_name_prefix="call")
        self._running: set[Future[Any]] = set()

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start a call, or have it wait for a thread: gRPC's own would end with an exception."""
        running: Future[Any] = Future()

        def run() -> None:
            running.set_running_or_notify_cancel()
            try:
                running.set_result(call(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                running.set_exception(error)

        try:
            super().submit(run)
        except RuntimeError:  # it is in the queue all the same
            if not self._running:
                raise
            _log.warning("no more threads can be started: a call waits for another one's end")
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return running

    def wait(self, seconds: float | None = None) -> None:
        """Return when the calls so far have returned, or the seconds are over."""
        wait(self._running.copy(), seconds)


class Server:
    """The gRPC server of one provider."""

    def __init__(
        self,
        make_provider: Callable[[], Provider],
        make_servicer: Callable[[Provider], Servicer],
        place: handshake.Place,
        lifetime: Lifetime,
        answers: Mapping[str, bytes] | None = None,
    ) -> None:
        self._make_provider = make_provider
        self._make_servicer = make_servicer
        self._provider: Provider | None = None
        self._servicer: Servicer | None = None
        self._lifetime = lifetime
        self._place = place
        service = services.ProviderService(self._make, answers or {})
        self._calls = _Calls()
        self._server = grpc.server(
            self._calls,
            handlers=[service, *services.fixed_services()],
            # What is sent has no limit.
            options=(("grpc.max_receive_message_length", _LONGEST_MESSAGE),),
        )

    def start(self, *, tls: bool = True) -> bytes:
        """Serve the Terraform that started this process; return the certificate as DER, if any."""
        self._server.add_generic_rpc_handlers((services.controller_service(self._on_shutdown),))
        if not tls:
            self.start_for_anybody()
            return b""
        key, certificate = make_certificate()
        # No client certificate is asked for: Terraform's uses the curve P-521, which grpcio's TLS
        # does not know. The socket's directory decides who may connect.
        credentials = grpc.ssl_server_credentials([(key, pem("CERTIFICATE", certificate))])
        self._place.listen(lambda address: self._server.add_secure_port(address, credentials))
        self._server.start()
        return certificate

    def start_for_anybody(self) -> None:
        """Serve one Terraform after another, without TLS: TF_REATTACH_PROVIDERS knows none."""
        self._place.listen(self._server.add_insecure_port)
        self._server.start()

    def _make(self) -> Servicer:
        """Make the provider, for the first call that needs it; return its servicer."""
        self._provider = self._make_provider()
        self._provider.terraform = self._lifetime.parent
        self._servicer = self._make_servicer(self._provider)
        return self._servicer

    def shut_down(self, ending: Ending) -> None:
        """Take no more calls, let those in flight return, and close the provider."""
        _log.debug("the provider ends: %s", ending.value)
        if ending is not Ending.SHUTDOWN:
            exit_within(_CALLS_SECONDS + _SHUTDOWN_SECONDS, self._place.remove)
        if self._servicer:
            self._servicer.stop.set()
            if ending is not Ending.SIGNAL:  # after a signal Terraform still takes answers
                self._servicer.desert(unseen=ending is Ending.ORPHANED)
        seconds = _SHUTDOWN_CALLS_SECONDS if ending is Ending.SHUTDOWN else _CALLS_SECONDS
        stopped = self._server.stop(seconds)
        if ending is Ending.SIGNAL:
            stopped.wait(seconds)
        else:  # a call whose client is gone may still be undoing what it began
            self._calls.wait(seconds)
        try:
            if self._provider and ending is Ending.SHUTDOWN:
                self._provider.hand_over()
        except Exception:  # noqa: BLE001 - whatever it is, the process ends all the same
            _log.exception("nothing was handed over")
        try:
            if self._provider:
                self._provider.close(_CLOSE_SECONDS)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("the provider was not closed")
        self._calls.wait()
        self._calls.shutdown(wait=False)

    def _on_shutdown(self) -> None:
        exit_within(_SHUTDOWN_SECONDS, self._place.remove)
        self._lifetime.end(Ending.SHUTDOWN)

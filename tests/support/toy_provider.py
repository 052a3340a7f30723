"""A provider process for the tests of the server: its calls wait, and its servicer is a fake."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from terraform_provider_veeam import masking
from tfplugin.process.lifetime import leave
from tfplugin.process.server import serve, serve_debug
from tfplugin.wire import tfplugin6_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tfplugin.interfaces import Provider

METADATA = pb.GetMetadata.Response(resources=[pb.GetMetadata.ResourceMetadata(type_name="toy")])


class ToyProvider:
    """Hangs at its close when TOY_CLOSE_SECONDS says so, and fails when TOY_CLOSE_FAILS does."""

    addresses = ("registry.terraform.io/toys/toy", "registry.opentofu.org/toys/toy")

    terraform: int | None = None

    def hand_over(self) -> None:
        logging.getLogger("toy").debug("handed over while %s lives", self.terraform)
        if os.environ.get("TOY_CLOSE_FAILS"):
            raise RuntimeError("it would not be handed over")

    def close(self, seconds: float) -> None:
        logging.getLogger("toy").debug("closed within %s", seconds)
        time.sleep(float(os.environ.get("TOY_CLOSE_SECONDS", "0")))
        if os.environ.get("TOY_CLOSE_FAILS"):
            raise RuntimeError("it would not close")


class ToyServicer:
    """Answers a few calls."""

    def __init__(self, provider: Any, *, mask: Callable[[str], str] = str) -> None:
        logging.getLogger("toy.servicer").debug("a servicer is made")
        self.stop = threading.Event()
        self._mask = mask
        self._waiting = 0
        self._counting = threading.Lock()

    def desert(self, *, unseen: bool) -> None:
        logging.getLogger("toy.servicer").debug("nobody takes answers")

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
        print("a stray line")
        return pb.GetProviderSchema.Response(
            server_capabilities=pb.ServerCapabilities(plan_destroy=True)
        )

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
        """Wait until the stop, or for a minute."""
        with self._counting:
            self._waiting += 1
        logging.getLogger("toy").debug("a read begins")
        stopped = self.stop.wait(60)
        return pb.ReadResource.Response(private=b"stopped" if stopped else b"read")

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
        """Work until there is a file of the type's name, whatever happens."""
        logging.getLogger("toy").debug("an apply begins")
        while not Path(request.type_name).exists():
            time.sleep(0.01)
        logging.getLogger("toy").debug("an apply ends")
        return pb.ApplyResourceChange.Response(private=b"applied")

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
        return pb.PlanResourceChange.Response(planned_private=request.prior_private)

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
        """Log a secret in every way."""
        word = 'a "canary" ß'
        masking.conceal(word)
        log = logging.getLogger("toy")
        log.info("message %s", word, extra={"field": word})
        try:
            int(word)
        except ValueError:
            log.exception("failed")
        threading.Thread(target=int, args=(word,)).start()
        return pb.ValidateProviderConfig.Response(
            diagnostics=[pb.Diagnostic(summary=self._mask(word))]
        )

    def InvokeAction(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802 - the call's name
        for word in ("one", "two"):
            yield pb.InvokeAction.Event(progress=pb.InvokeAction.Event.Progress(message=word))

    def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: N802 - the call's name
        self.stop.set()
        return pb.StopProvider.Response(Error=str(self._waiting))


def make_provider() -> Provider:
    return cast("Provider", ToyProvider())


if __name__ == "__main__":
    if sys.argv[1:] == ["debug"]:
        sys.exit(serve_debug(make_provider, ToyServicer, name="toy", mask=masking.mask))
    answers = {"GetMetadata": METADATA.SerializeToString()}
    leave(serve(make_provider, ToyServicer, name="toy", mask=masking.mask, answers=answers))

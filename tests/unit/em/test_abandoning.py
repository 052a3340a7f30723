"""Work that hangs is left alone; what it brings in time is handed on."""

import threading
import time

import pytest
from terraform_provider_veeam.em.abandoning import Abandoned, wait_or_abandon


def test_a_result_and_an_error_are_handed_on() -> None:
    never = threading.Event()
    assert wait_or_abandon(lambda: 7, stop=never, seconds=5) == 7
    with pytest.raises(ZeroDivisionError):
        wait_or_abandon(lambda: 1 // 0, stop=never, seconds=5)


def test_a_stop_is_noticed_while_the_work_hangs() -> None:
    stop, hangs = threading.Event(), threading.Event()
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    with pytest.raises(Abandoned):
        wait_or_abandon(hangs.wait, stop=stop, seconds=30)
    assert time.monotonic() - began < 1
    hangs.set()


def test_the_time_is_bounded() -> None:
    hangs = threading.Event()
    with pytest.raises(Abandoned):
        wait_or_abandon(hangs.wait, stop=threading.Event(), seconds=0.1)
    hangs.set()

"""How far a transfer is."""

from support.clocks import FakeClock
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.em.files.tally import Tally


def halfway(clock: FakeClock | None = None) -> Tally:
    tally = Tally(clock or FakeClock())
    for _ in range(260):
        tally.expect(2**23)
    return tally


def test_how_far_it_is_counts_files_and_bytes() -> None:
    tally = halfway()
    tally.files_done, tally.bytes_done = 37, 2**30
    assert str(tally) == "37 of 260 files, 1.0 GiB of 2.0 GiB"
    big = Entry("C:/big", "big", is_folder=False, size=2**30)
    small = Entry("C:/small", "small", is_folder=False, size=2**10)
    with tally.fetching(big) as count, tally.fetching(small):
        count(2**28)
        assert tally.progress() == ["61 %", "37 of 260 files, 1.2 GiB of 2.0 GiB", "C:/big 25 %"]
    assert tally.progress() == ["49 %", "37 of 260 files, 1.0 GiB of 2.0 GiB"]


def test_rate_and_time_left_are_of_the_last_half_minute() -> None:
    clock = FakeClock()
    tally = halfway(clock)
    tally.progress()
    for _ in range(10):
        clock.now += 10
        tally.come(2**23)
        told = tally.progress()
    assert told[0] == "3 %, 819.2 KiB/s, 41:40 left"
    clock.now += 100
    assert tally.progress()[0] == "3 %, 0 bytes/s"


def test_what_was_here_already_has_no_rate() -> None:
    clock = FakeClock()
    tally = halfway(clock)
    tally.progress()
    clock.now += 10
    for _ in range(100):
        tally.keep(2**23)
    assert tally.progress()[0] == "38 %, 0 bytes/s"
    assert (tally.files_kept, tally.files_done) == (100, 100)


def test_no_share_is_told_where_a_size_is_not_known() -> None:
    tally = Tally(FakeClock())
    tally.expect(None)
    tally.expect(10)
    tally.come(10)
    assert tally.share is None
    assert tally.progress() == ["1 of 2 files, 10 bytes of 10 bytes"]


def test_a_step_is_told_and_then_the_one_before_it() -> None:
    tally = Tally(FakeClock())
    assert tally.progress() == []
    with tally.during("listing E:/Docs"):
        with tally.during("comparing E:/Docs/a"):
            assert tally.progress() == ["comparing E:/Docs/a"]
        assert tally.progress() == ["listing E:/Docs"]


def test_nothing_to_fetch_is_all_of_it() -> None:
    assert str(Tally(FakeClock())) == "0 of 0 files, 0 bytes"


def test_a_file_that_two_paths_lead_to_is_counted_for_each() -> None:
    tally = halfway()
    one = Entry("C:/a", "a", is_folder=False, size=20)
    with tally.fetching(one) as first, tally.fetching(one) as second:
        first(5)
        second(7)
        assert str(tally) == "0 of 260 files, 12 bytes of 2.0 GiB"
    assert str(tally) == "0 of 260 files, 0 bytes of 2.0 GiB"

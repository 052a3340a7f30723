"""How far a transfer is."""

from support.clocks import FakeClock
from terraform_provider_veeam.em.files.listing import Entry
from terraform_provider_veeam.em.files.progress import Progress


def halfway(clock: FakeClock | None = None) -> Progress:
    progress = Progress(clock or FakeClock())
    for _ in range(260):
        progress.expect(2**23)
    return progress


def test_how_far_it_is_counts_files_and_bytes() -> None:
    progress = halfway()
    progress.files_done, progress.bytes_done = 37, 2**30
    assert str(progress) == "37 of 260 files, 1.0 GiB of 2.0 GiB"
    big = Entry("C:/big", "big", is_folder=False, size=2**30)
    small = Entry("C:/small", "small", is_folder=False, size=2**10)
    with progress.fetching(big) as count, progress.fetching(small):
        count(2**28)
        assert progress.texts() == ["61 %", "37 of 260 files, 1.2 GiB of 2.0 GiB", "C:/big 25 %"]
    assert progress.texts() == ["49 %", "37 of 260 files, 1.0 GiB of 2.0 GiB"]


def test_rate_and_time_left_are_of_the_last_half_minute() -> None:
    clock = FakeClock()
    progress = halfway(clock)
    progress.texts()
    for _ in range(10):
        clock.now += 10
        progress.come(2**23)
        told = progress.texts()
    assert told[0] == "3 %, 819.2 KiB/s, 41:40 left"
    clock.now += 100
    assert progress.texts()[0] == "3 %, 0 bytes/s"


def test_the_rate_counts_from_the_first_file_not_from_the_first_look() -> None:
    clock = FakeClock()
    progress = halfway(clock)
    with progress.fetching(Entry("C:/big", "big", is_folder=False, size=2**23)) as count:
        clock.now += 2
        count(2**22)
        assert progress.texts()[0] == "0 %, 2.0 MiB/s, 17:18 left"


def test_what_was_here_already_has_no_rate() -> None:
    clock = FakeClock()
    progress = halfway(clock)
    progress.texts()
    clock.now += 10
    for _ in range(100):
        progress.keep(2**23)
    assert progress.texts()[0] == "38 %, 0 bytes/s"
    assert (progress.files_kept, progress.files_done) == (100, 100)


def test_no_share_is_told_where_a_size_is_not_known() -> None:
    progress = Progress(FakeClock())
    progress.expect(None)
    progress.expect(10)
    progress.come(10)
    assert progress.share is None
    assert progress.texts() == ["1 of 2 files, 10 bytes of 10 bytes"]


def test_a_step_is_told_and_then_the_one_before_it() -> None:
    progress = Progress(FakeClock())
    assert progress.texts() == []
    with progress.during("listing E:/Docs"):
        with progress.during("comparing E:/Docs/a"):
            assert progress.texts() == ["comparing E:/Docs/a"]
        assert progress.texts() == ["listing E:/Docs"]


def test_nothing_to_fetch_is_all_of_it() -> None:
    assert str(Progress(FakeClock())) == "0 of 0 files, 0 bytes"


def test_a_file_that_two_paths_lead_to_is_counted_for_each() -> None:
    progress = halfway()
    one = Entry("C:/a", "a", is_folder=False, size=20)
    with progress.fetching(one) as first, progress.fetching(one) as second:
        first(5)
        second(7)
        assert str(progress) == "0 of 260 files, 12 bytes of 2.0 GiB"
    assert str(progress) == "0 of 260 files, 0 bytes of 2.0 GiB"

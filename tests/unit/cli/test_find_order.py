"""In which order restore points are mounted, and how many."""

import math

import pytest

from terraform_provider_veeam.cli.find_order import EveryOne, FewOnes


def played(
    order: EveryOne | FewOnes, has: list[bool], at_once: int, *, last_first: bool = False
) -> list[int]:
    """Mount in that order, each in the same time; return what was begun."""
    begun: list[int] = []
    running: list[int] = []
    while True:
        while len(running) < at_once and (number := order.take()) is not None:
            begun.append(number)
            running.append(number)
        if not running:
            return begun
        number = running.pop(-1 if last_first else 0)
        order.told[number] = has[number]
        running = [one for one in running if order.needs(one)]


def test_a_file_deleted_eleven_nights_ago_takes_nine_mounts_in_four_rounds() -> None:
    has = [False] * 11 + [True] * 19
    assert played(FewOnes(30, 3), has, 3) == [0, 1, 2, 4, 8, 16, 12, 10, 11]


@pytest.mark.parametrize("last_first", [True, False])
@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 8])
def test_whenever_it_was_deleted_few_mounts_tell_the_newest_with_it(
    at_once: int, last_first: bool
) -> None:
    for count in [*range(1, 40), 64, 65, 100, 365]:
        for deleted in range(count + 1):
            order = FewOnes(count, at_once)
            has = [number >= deleted for number in range(count)]
            begun = played(order, has, at_once, last_first=last_first)
            assert order.newest_with == (deleted if deleted < count else None)
            assert len(begun) == len(set(begun)) <= 2 + 2 * math.log2(count) + 1
            assert count < 2 or at_once > 3 or len(begun) <= 2 + 2 * math.log2(count)
            if 0 < deleted < count:
                assert order.told[deleted - 1] is False


def test_one_that_can_not_be_looked_at_is_passed_over() -> None:
    order = FewOnes(30, 1)
    has = [False] * 11 + [True] * 19
    while (number := order.take()) is not None:
        order.told[number] = None if number in (0, 8, 12) else has[number]
    assert order.newest_with == 11
    assert order.told[10] is False


def test_the_newest_that_has_it_ends_the_search() -> None:
    order = FewOnes(30, 3)
    assert [order.take() for _ in range(4)] == [0, 1, 2, None]
    order.told[0] = True
    assert not order.needs(1)
    assert order.take() is None


def test_every_one_is_looked_at_until_one_has_it_or_to_the_end() -> None:
    has = [False] * 5 + [True] * 5
    assert played(EveryOne(10, to_the_end=False), has, 1) == [0, 1, 2, 3, 4, 5]
    assert played(EveryOne(10, to_the_end=False), has, 3) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert played(EveryOne(10, to_the_end=True), has, 3) == list(range(10))

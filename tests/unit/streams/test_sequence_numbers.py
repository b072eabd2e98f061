"""Sequence numbers that have arrived."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.sequence_numbers import MOST_HOLES, SeenRanges


@given(st.lists(st.integers(0, 40), max_size=80))
def test_behaves_like_a_set_of_numbers(numbers: list[int]) -> None:
    seen, known = SeenRanges(), set[int]()
    for number in numbers:
        assert seen.add(number) is (number not in known)
        known.add(number)
    assert {n for start, end in seen.ranges for n in range(start, end)} == known


@given(st.lists(st.integers(0, 40), max_size=80))
def test_ranges_are_sorted_and_never_touch(numbers: list[int]) -> None:
    seen = SeenRanges()
    for number in numbers:
        seen.add(number)
    ends = [bound for pair in seen.ranges for bound in pair]
    assert ends == sorted(set(ends))


def test_goes_on_from_stored_ranges() -> None:
    # seen    0 1 2 . . 5        add 3, add 4        0 1 2 3 4 5
    seen = SeenRanges([(5, 6), (0, 3)])
    assert seen.add(3)
    assert seen.add(4)
    assert seen.ranges == [(0, 6)]
    assert not seen.add(5)


def test_number_6_a_logger_that_leaves_out_every_second_number_makes_no_endless_row() -> None:
    seen = SeenRanges()
    for seq in range(0, 10 * MOST_HOLES, 2):
        if not seen.leaps(seq):
            seen.add(seq)
    assert len(seen.ranges) == MOST_HOLES + 1
    assert not seen.leaps(1), "a hole that is filled is still noted"
    assert not seen.leaps(0), "and a repeated message still known"

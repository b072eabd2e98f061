"""The sizes of slices of a flood, as timelines."""

from __future__ import annotations

import pytest

from streams.slices import ALONE_S, LEAST, MOST, REST_S, Beside, Slices, Traffic

MESSAGE_S = 0.0002
"""What a message takes: 2,000 in ``ALONE_S``."""


def run(slices: Slices, *found: Beside, message_s: float = MESSAGE_S) -> list[int]:
    """Return the messages of slices beside what came in during each."""
    sizes = []
    for beside in found:
        sizes.append(slices.most)
        slices.read(slices.most, slices.most * message_s, beside)
    return sizes


def test_slices_double_while_nobody_else_sends_and_stay_within_their_time() -> None:
    assert run(Slices(), *[Beside.NOTHING] * 8) == [50, 100, 200, 400, 800, 1600, 1600, 1600]
    assert run(Slices(), *[Beside.NOTHING] * 9, message_s=0.0)[-1] == MOST
    assert run(Slices(), *[Beside.NOTHING] * 4, message_s=1.0) == [LEAST] * 4, "a slow machine: never less than a few"


def test_the_first_message_of_another_shrinks_the_next_slice_to_what_it_may_wait_for() -> None:
    slices = Slices(1600)
    assert run(slices, Beside.SOME, Beside.SOME, Beside.NOTHING, Beside.NOTHING) == [1600, 500, 500, 1000]
    assert slices.most * MESSAGE_S <= ALONE_S


@pytest.mark.parametrize(
    ("beside", "took_s", "rest_s"),
    [(Beside.NOTHING, 5.0, 0.0), (Beside.SOME, 0.05, REST_S), (Beside.BACKLOG, 0.05, REST_S), (Beside.SOME, 1.0, 4.0)],
)
def test_who_comes_by_the_way_of_the_honest_ones_has_most_of_the_time(
    beside: Beside, took_s: float, rest_s: float
) -> None:
    assert Slices(400).read(400, took_s, beside) == pytest.approx(rest_s)


def test_a_backlog_leaves_the_smallest_slices() -> None:
    assert run(Slices(1600), Beside.BACKLOG, Beside.BACKLOG, Beside.SOME) == [1600, LEAST, LEAST]


def test_full_batches_back_to_back_are_a_backlog_until_it_was_looked_at() -> None:
    traffic = Traffic()
    assert traffic.look() is Beside.NOTHING
    traffic.began(10.0, full=True, others=True)
    traffic.ended(10.1)
    assert traffic.look() is Beside.SOME, "one full batch is no backlog yet"
    traffic.began(10.11, full=True, others=True)
    traffic.ended(10.2)
    traffic.began(10.5, full=False, others=True)
    assert traffic.look() is Beside.BACKLOG
    assert traffic.look() is Beside.NOTHING
    traffic.ended(10.6)
    traffic.began(10.61, full=False, others=True)
    assert traffic.look() is Beside.SOME


def test_batches_of_those_alone_who_wait_already_hold_up_nobody() -> None:
    traffic = Traffic()
    for began_s in (10.0, 10.11):
        traffic.began(began_s, full=True, others=False)
        traffic.ended(began_s + 0.1)
    assert traffic.look() is Beside.NOTHING
    traffic.began(10.22, full=True, others=True)
    assert traffic.look() is Beside.BACKLOG, "who comes with them may wait behind more of them"

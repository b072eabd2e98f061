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


def test_beside_others_slices_grow_to_what_these_may_wait_for() -> None:
    assert run(Slices(), *[Beside.SOME] * 5) == [50, 100, 200, 400, 400], "it would never be read to its end"


def test_short_slices_of_many_stations_do_not_make_the_next_one_long() -> None:
    slices = Slices()
    for _ in range(10):
        slices.read(3, 0.001, Beside.SOME)
    assert slices.most == LEAST


@pytest.mark.parametrize(
    ("beside", "took_s", "rest_s"),
    [
        (Beside.NOTHING, 5.0, 0.0),
        (Beside.SOME, 0.05, 0.2),
        (Beside.MUCH, 0.05, REST_S),
        (Beside.BACKLOG, 0.05, REST_S),
        (Beside.MUCH, 1.0, 4.0),
    ],
)
def test_who_comes_by_the_way_of_the_honest_ones_has_most_of_the_time(
    beside: Beside, took_s: float, rest_s: float
) -> None:
    assert Slices(400).read(400, took_s, beside) == pytest.approx(rest_s)


def test_a_backlog_leaves_the_smallest_slices() -> None:
    assert run(Slices(1600), Beside.BACKLOG, Beside.BACKLOG, Beside.SOME) == [1600, LEAST, LEAST]


def test_full_batches_back_to_back_are_a_backlog_until_it_was_looked_at() -> None:
    traffic = Traffic(9.0)
    assert traffic.look(10.0) is Beside.NOTHING
    traffic.began(10.0, [100] * 40, full=True, others=True)
    traffic.ended(10.1)
    assert traffic.look(11.0) is Beside.SOME, "one full batch is no backlog yet"
    traffic.began(11.11, [100] * 40, full=True, others=True)
    traffic.ended(11.2)
    traffic.began(11.21, [100] * 40, full=True, others=True)
    traffic.ended(11.3)
    traffic.began(11.5, [100] * 1, full=False, others=True)
    assert traffic.look(12.0) is Beside.BACKLOG
    assert traffic.look(12.1) is Beside.NOTHING
    traffic.ended(12.2)
    traffic.began(12.21, [100] * 1, full=False, others=True)
    assert traffic.look(13.0) is Beside.SOME


def test_batches_of_those_alone_who_wait_already_hold_up_nobody() -> None:
    traffic = Traffic(10.0)
    for began_s in (10.0, 10.11):
        traffic.began(began_s, [100] * 500, full=True, others=False)
        traffic.ended(began_s + 0.1)
    assert traffic.look(10.5) is Beside.NOTHING
    for began_s in (11.0, 11.11):
        traffic.began(began_s, [100] * 500, full=True, others=True)
        traffic.ended(began_s + 0.1)
    assert traffic.look(11.5) is Beside.BACKLOG, "who comes with them may wait behind more of them"


def test_while_a_flood_goes_on_beside_others_the_reader_rests_longer() -> None:
    # messages   7 in a second of others   100 of a flood with one of another   7 again
    traffic = Traffic(10.0)
    traffic.began(10.5, [100] * 7, full=False, others=True)
    assert traffic.look(11.0) is Beside.SOME
    traffic.began(11.2, [100] * 99, full=False, others=False)
    traffic.began(11.5, [100] * 1, full=False, others=True)
    assert traffic.look(12.0) is Beside.MUCH
    traffic.began(12.5, [100] * 7, full=False, others=True)
    assert traffic.look(13.0) is Beside.SOME
    traffic.began(13.5, [100, 262_144], full=False, others=True)
    assert traffic.look(14.0) is Beside.MUCH, "large messages are as many small ones"

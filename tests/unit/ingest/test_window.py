"""The window between PUBLISH and PUBACK."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.window import Delivery, Window


def filled(count: int) -> tuple[Window, list[Delivery]]:
    window, deliveries = Window(), [Delivery(i + 1, 10, float(i)) for i in range(count)]
    for delivery in deliveries:
        window.add(delivery)
    return window, deliveries


def test_acknowledgements_wait_for_the_oldest() -> None:
    #  PUBLISH   1  2  3  4
    #  Kafka        2  3        then 1
    #  PUBACK    nothing        then 1 2 3
    window, (one, two, three, _) = filled(4)
    two.stored = three.stored = True
    assert window.take_stored() == []
    assert window.waiting_since_s() == 0.0
    one.stored = True
    assert [d.packet_id for d in window.take_stored()] == [1, 2, 3]
    assert (len(window), window.size_bytes, window.waiting_since_s()) == (1, 10, 3.0)


def test_qos_0_holds_the_order_and_is_not_acknowledged() -> None:
    window = Window()
    for delivery in (Delivery(None, 5, 0.0), Delivery(7, 5, 0.0)):
        delivery.stored = True
        window.add(delivery)
    assert [d.packet_id for d in window.take_stored()] == [None, 7]
    assert window.waiting_since_s() is None


@given(st.permutations(range(12)), st.lists(st.integers(0, 12), max_size=12))
def test_any_order_of_storing_gives_the_order_of_arrival(order: list[int], pauses: list[int]) -> None:
    window, deliveries = filled(12)
    acknowledged = []
    for position, which in enumerate(order):
        deliveries[which].stored = True
        if position in pauses:
            acknowledged += [d.packet_id for d in window.take_stored()]
            assert all(d.stored for d in deliveries[: len(acknowledged)])
    acknowledged += [d.packet_id for d in window.take_stored()]
    assert acknowledged == list(range(1, 13))
    assert window.size_bytes == 0

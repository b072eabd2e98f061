from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sql.delays import FIRST_EDGE_S, GROWTH, bucket_of, quantile_s
from sql.storable import storable


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_text_that_can_be_stored_is_not_changed(text: str) -> None:
    assert storable(text) == text


@given(st.text(st.characters()))
def test_every_text_can_be_stored(text: str) -> None:
    assert b"\0" not in storable(text).encode("utf-8")


@given(st.floats(0.001, 1e7))
def test_a_delay_lies_in_its_bucket(delay_s: float) -> None:
    bucket = bucket_of(delay_s)
    low, high = FIRST_EDGE_S * GROWTH**bucket, FIRST_EDGE_S * GROWTH ** (bucket + 1)
    assert low * (1 - 1e-9) <= delay_s <= high * (1 + 1e-9)


@given(st.lists(st.floats(0.001, 1e5), min_size=1), st.sampled_from([0.5, 0.99]))
def test_a_quantile_is_right_within_five_percent(delays_s: list[float], share: float) -> None:
    counts: dict[int, int] = {}
    for delay_s in delays_s:
        counts[bucket_of(delay_s)] = counts.get(bucket_of(delay_s), 0) + 1
    exact = next(d for i, d in enumerate(sorted(delays_s), 1) if i >= share * len(delays_s))
    assert quantile_s(counts, share) == pytest.approx(exact, rel=0.05)

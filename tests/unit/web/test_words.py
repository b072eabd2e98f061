"""Every code that a page can show has a word in both languages."""

from __future__ import annotations

from enum import StrEnum

import pytest

from quantrac.domain.statuses import LOOKS, StationStatus
from web.words import WORDS, word


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_member_has_words(kind: type[StrEnum]) -> None:
    assert {member.value for member in kind} == set(WORDS[kind])
    assert all(word(member).vi and word(member).en for member in kind)


def test_every_status_has_a_look() -> None:
    assert set(LOOKS) == set(StationStatus)

"""Where the readings of a batch went, by hand-counted accounts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quantrac.domain.deadletters import Rejected, RejectReason, Stage
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import Outcome
from streams.records import RawRecord
from streams.tally import Tally

RECORD = RawRecord(2, 7, b"{}", "json", "quantrac/v1/DT_A/readings", datetime(2026, 11, 23, 3, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("outcome", "again", "counts", "name"),
    [
        (Outcome.STORED, False, LedgerCounts(received=1, stored=1), "stored"),
        (Outcome.DUPLICATE, False, LedgerCounts(received=1, duplicate=1), "duplicate"),
        (Outcome.REVISION, False, LedgerCounts(received=1, revision=1), "revision"),
        (Outcome.DUPLICATE, True, LedgerCounts(redelivered=1), "redelivered"),
        # A sequence number that a logger uses twice, for other readings: they are new, and counted as such.
        (Outcome.STORED, True, LedgerCounts(received=1, stored=1), "stored"),
        (Outcome.REVISION, True, LedgerCounts(received=1, revision=1), "revision"),
    ],
)
def test_a_reading_is_counted_once(outcome: Outcome, again: bool, counts: LedgerCounts, name: str) -> None:
    tally = Tally()
    tally.enter("DT_A", outcome, again=again)
    assert tally.ledger == {"DT_A": counts}
    assert tally.outcomes == {name: 1}
    assert counts.residual == 0


def test_what_is_refused_is_a_dead_letter_each_and_balances() -> None:
    tally = Tally()
    refused = [Rejected(RejectReason.NOT_A_NUMBER, "x", "pH"), Rejected(RejectReason.UNKNOWN_PARAMETER, "y", "XYZ")]
    tally.bury(RECORD, refused, Stage.DECODE)
    assert tally.ledger == {"DT_A": LedgerCounts(received=2, dead_letter=2)}
    assert [(d.position, d.parameter, d.offset, d.payload) for d in tally.dead_letters] == [
        (0, "pH", 7, b"{}"),
        (1, "XYZ", 7, b"{}"),
    ]
    assert tally.outcomes == {}

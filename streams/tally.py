"""The accounts of one batch: what became of each reading, by station, and the dead letters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from quantrac.domain.deadletters import DeadLetter, Rejected, Stage
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import Outcome
from streams.decoding import dead_letters
from streams.records import RawRecord


@dataclass(slots=True)
class Tally:
    """What a batch adds to the ledger and to the dead letters; every reading received is counted once.

    A message that the transport delivered again is counted as such only where it brings nothing new: a faulty logger
    that uses a number twice for other readings loses none.
    """

    ledger: defaultdict[str, LedgerCounts] = field(default_factory=lambda: defaultdict(LedgerCounts))
    """By station."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of the readings of all stations together, by name."""

    def bury(self, record: RawRecord, rejected: Sequence[Rejected], stage: Stage) -> None:
        """Make dead letters of what was refused of a record, and count them."""
        self.dead_letters.extend(dead_letters(record, rejected, stage))
        counts = self.ledger[record.station]
        counts.received += len(rejected)
        counts.dead_letter += len(rejected)

    def enter(self, station: str, outcome: Outcome, *, again: bool) -> None:
        """Count what the database did with a reading; ``again``: its message had arrived before."""
        counts = self.ledger[station]
        if outcome is Outcome.DUPLICATE and again:
            counts.redelivered += 1
            self.outcomes["redelivered"] += 1
            return
        counts.received += 1
        if outcome is Outcome.STORED:
            counts.stored += 1
        elif outcome is Outcome.DUPLICATE:
            counts.duplicate += 1
        else:
            counts.revision += 1
        self.outcomes[outcome.name.lower()] += 1

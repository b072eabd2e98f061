"""The accounts of one batch: what became of each reading, by station, and the dead letters."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from quantrac.domain.deadletters import DeadLetter, Rejected, Stage
from quantrac.domain.ledger import LedgerCounts
from quantrac.domain.readings import Outcome
from streams.decoding import dead_letter
from streams.records import RawRecord


@dataclass(slots=True)
class Tally:
    """What a batch adds to the ledger and to the dead letters; every reading received is counted once.

    A message that the transport delivered again is counted as such only where it brings nothing new: a faulty logger
    that uses a number twice for other readings loses none.
    """

    source: str = ""
    """Raw topic of the records, with the ids of cluster and topic."""
    ledger: defaultdict[str, LedgerCounts] = field(default_factory=lambda: defaultdict(LedgerCounts))
    """By station."""
    dead_letters: list[DeadLetter] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of the readings of all stations together, by name."""

    def bury(self, record: RawRecord, rejected: Sequence[Rejected], stage: Stage) -> None:
        """Make a dead letter of what was refused of a record, and count each refusal."""
        self.dead_letters.append(dead_letter(record, rejected, stage, self.source))
        counts = self.ledger[record.station]
        readings = sum(r.readings for r in rejected)
        counts.received += readings
        counts.dead_letter += readings

    def enter(self, station: str, outcome: Outcome, readings: int = 1, *, again: bool) -> None:
        """Count what the database did with readings of a message; ``again``: the message had arrived before."""
        counts = self.ledger[station]
        if outcome is Outcome.DUPLICATE and again:
            counts.redelivered += readings
            self.outcomes["redelivered"] += readings
            return
        counts.received += readings
        if outcome is Outcome.STORED:
            counts.stored += readings
        elif outcome is Outcome.DUPLICATE:
            counts.duplicate += readings
        else:
            counts.revision += readings
        self.outcomes[outcome.name.lower()] += readings

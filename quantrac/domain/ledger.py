"""The loss ledger: every received reading is accounted for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LedgerCounts:
    """Counts of readings of one station; ``residual`` other than 0 means that a reading was lost or invented.

    A message that the transport delivered again (same session and sequence number) is counted in ``redelivered``, in
    readings, and nowhere else.
    """

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    revision: int = 0
    dead_letter: int = 0
    redelivered: int = 0

    @property
    def residual(self) -> int:
        """Received less everything that is accounted for.

        >>> LedgerCounts(received=5, stored=3, duplicate=1, dead_letter=1).residual
        0
        """
        return self.received - self.stored - self.duplicate - self.revision - self.dead_letter

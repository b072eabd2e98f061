"""Three kinds of fault: of a record (it is buried), of the catalogue and of the system (they end the process)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quantrac.errors import DataRefusedError, OutsideError, ProgressError, StoreError, SystemFaultError
from streams.records import RawRecord

MOST_WITNESSES = 8
"""Other records that are tried before all are taken to fail."""


class Witnesses:
    """Records that passed, of at most two stations: when one fails, they tell whether any still passes."""

    def __init__(self) -> None:
        self._passed: list[RawRecord] = []

    def remember(self, records: Sequence[RawRecord]) -> None:
        """Take the newest record that passed, and the newest of another station."""
        for record in (*records[:1], *records[-1:]):
            others = [w for w in self._passed if w.station != record.station]
            self._passed = [record, *others[:1]]

    def beside(self, failed: RawRecord | None, among: Sequence[RawRecord]) -> Iterator[RawRecord]:
        """Yield records to be tried beside one that failed: those that passed once, then others of its batch.

        Those of other stations come first: what is wrong with a station's state fails all of its records.
        """
        of_batch = {r.station: r for r in among if r is not failed}
        found = [*self._passed, *of_batch.values(), *(r for r in among if r is not failed)][: 2 * MOST_WITNESSES]
        station = None if failed is None else failed.station
        yield from sorted(found, key=lambda r: r.station == station)[:MOST_WITNESSES]


def raise_unless_of_a_record(error: Exception) -> None:
    """Return when an error may be a record's own fault; raise it, or as a ``SystemFaultError``, when it cannot be."""
    if isinstance(error, (ProgressError, SystemFaultError, MemoryError)):
        raise error
    if isinstance(error, OutsideError) and error.retryable:
        raise error
    if isinstance(error, StoreError) and not isinstance(error, DataRefusedError):
        raise system_fault(error) from error


def system_fault(cause: Exception) -> SystemFaultError:
    """Return what is said when no record passes."""
    return SystemFaultError(
        f"No record passes any more, so the fault is not in one of them ({type(cause).__name__}: {cause}). Nothing was "
        "buried or passed over: the records wait in Kafka. Mend the cause (a new version, a migration that was left "
        "out: `quantrac db migrate`, a limit or a station: `quantrac doctor`); the worker then goes on by itself."
    )


def catalogue_fault(cause: Exception) -> SystemFaultError:
    """Return what is said when stations, limits or rules cannot be read."""
    return SystemFaultError(
        f"The stations, limits or rules in the database cannot be read by this version ({type(cause).__name__}: "
        f"{cause}). Nothing is stored or buried meanwhile: the records wait in Kafka. Import them again with `quantrac "
        "stations import` and `quantrac limits import`, or install the version that wrote them."
    )

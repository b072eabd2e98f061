"""When a record was received: its bridge's clock, unless the clocks of Kafka and of this worker contradict it.

Whoever first held a message (a bridge, a drop folder) stamps it, and Kafka stamps it again when it takes it, a moment
later. Of several machines one may have a wrong clock, and what its bridge stamps must neither make healthy stations
silent, late or ahead, nor hide one that is::

    Kafka's stamp        12:00:01   12:00:01   12:00:01   11:50:00   12:40:00
    the bridge's         12:00:00   12:10:00   11:50:00   12:00:00   12:00:00
    this worker's now    12:00:02   12:00:02   12:00:02   12:00:02   12:40:01
    received at          12:00:00   12:00:01   12:00:01   12:00:00   12:40:00
                         they agree fast       slow       Kafka slow slow, or it waited for Kafka in the bridge
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from quantrac.telemetry import get_logger
from streams.records import RawRecord

AGREE = timedelta(seconds=60)
"""Clocks kept by NTP differ by milliseconds; a bridge holds a message for as long as Kafka takes to store it."""
LASTS = timedelta(minutes=2)
"""Messages that waited for Kafka in a bridge come at once; a clock that is wrong stays wrong."""
SAID_EVERY = timedelta(minutes=1)

_log = get_logger(__name__)


def received_at(stamped: datetime, appended: datetime | None, now: datetime) -> datetime:
    """Return when a record was received; ``appended`` is Kafka's own stamp, ``None`` where Kafka keeps the sender's."""
    if appended is None or abs(appended - stamped) <= AGREE or abs(now - stamped) <= AGREE:
        return stamped
    return stamped if stamped < appended and appended - now > AGREE else appended


def corrected(records: Sequence[RawRecord], now: datetime) -> Sequence[RawRecord]:
    """Return records with the instant at which they were received, whatever their bridge's clock said."""
    return [
        record if instant == record.received_at else replace(record, received_at=instant, stamped_at=record.stamp)
        for record, instant in ((r, received_at(r.stamp, _appended(r), now)) for r in records)
    ]


@dataclass(frozen=True, slots=True)
class WrongClock:
    """A bridge whose clock is fast by ``off_s``, or slow when that is negative."""

    bridge: str
    off_s: float
    since: datetime
    seen_at: datetime


class BridgeClocks:
    """Notices bridges whose clocks stay wrong; used by one thread."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[datetime, datetime | None]] = {}
        """Since when each is wrong, and when that was last said."""

    def look(self, records: Iterable[RawRecord]) -> Iterator[WrongClock]:
        """Yield what is to be said of the bridges of corrected records."""
        for record in records:
            appended = _appended(record)
            if appended is None or not record.bridge:
                continue
            if record.stamp == record.received_at:
                self._wrong.pop(record.bridge, None)
                continue
            since, said_at = self._wrong.setdefault(record.bridge, (appended, None))
            if appended - since < LASTS or (said_at is not None and appended - said_at < SAID_EVERY):
                continue
            off_s = round((record.stamp - appended).total_seconds())
            if said_at is None:
                _log.error(
                    "bridge_clock_is_wrong",
                    bridge=record.bridge,
                    fast_s=off_s,
                    next="set the clock of its machine; what it stamps is corrected meanwhile",
                )
            self._wrong[record.bridge] = since, appended
            yield WrongClock(record.bridge, off_s, since, appended)


def _appended(record: RawRecord) -> datetime | None:
    """Return Kafka's own stamp where it says something of the bridge's: what is sent again was received long ago."""
    return None if record.replayed else record.appended_at

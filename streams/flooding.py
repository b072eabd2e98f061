"""Stations beyond their quota become a work item, which ends when all of theirs was read.

Some more of the past than goes ahead of the others waits as well, and is no flood: nobody is told of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from quantrac.clock import Clock
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.words import Bilingual, local_time
from quantrac.telemetry import get_logger
from sql.deferred_store import Deferring
from sql.worker_store import WorkerStore

RULE = "flooding"
_log = get_logger(__name__)


class Floods:
    """Looks at what waits beside the quota. Blocking; used by the thread that also commits batches."""

    def __init__(self, store: WorkerStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def look(self, floods: Callable[[str], bool]) -> int:
        """Open and end work items; return how many messages wait. ``floods`` says so of a station.

        Raises
        ------
        StoreError
            The database is away.
        """
        now = self._clock.now()
        with self._store.transaction() as tx:
            waiting = {line.station: line for line in tx.deferred.stations()}
            opened = set(tx.deferred.open_floods(RULE))
            for station, line in waiting.items():
                if station not in opened and floods(station) and tx.alerts.apply(_opened(line, now)):
                    _log.warning("station_floods", station=station, messages=line.messages, bytes=line.bytes)
            for station in opened - set(waiting):
                tx.alerts.apply(_ended(station, now))
        return sum(line.messages for line in waiting.values())


def _opened(line: Deferring, now: datetime) -> Transition:
    size_mb = line.bytes / 1e6
    said = Bilingual(
        f"Trạm gửi quá nhiều tin so với hạn mức: {line.messages} tin ({size_mb:.1f} MB) từ {local_time(line.since)} "
        "được xử lý sau các trạm khác, không mất tin nào. Kiểm tra bộ truyền dữ liệu của trạm.",
        f"The station sends more messages than its quota: {line.messages} ({size_mb:.1f} MB) since "
        f"{local_time(line.since)} are read after those of the other stations; none is lost. Check its data logger.",
    )
    return _transition(line.station, TransitionKind.OPENED, now, line.since, said)


def _ended(station: str, now: datetime) -> Transition:
    said = Bilingual(
        "Đã xử lý hết số tin vượt hạn mức của trạm.", "Everything beyond the station's quota has been read."
    )
    return _transition(station, TransitionKind.RESOLVED, now, now, said)


def _transition(station: str, kind: TransitionKind, now: datetime, since: datetime, said: Bilingual) -> Transition:
    return Transition(
        key=AlertKey(station, "", RULE),
        kind=kind,
        alert_kind=AlertKind.FLOODING,
        severity=Severity.WARNING,
        reason=RULE,
        observed_at=now,
        since=since,
        value=None,
        limit=None,
        explanation=said,
        page=False,
    )

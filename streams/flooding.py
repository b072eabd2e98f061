"""Stations beyond their quota become a work item, which ends when all of theirs was read.

Some more of the past than goes ahead of the others waits as well, and is no flood: it is told only when it waits long.
What is live may wait with it, and becomes late: nobody shall delay his own alert unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from quantrac.clock import Clock
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.words import Bilingual, local_time, number, number_vi
from quantrac.telemetry import get_logger
from sql.deferred_store import Deferring
from sql.worker_store import WorkerStore

RULE = "flooding"
WAITS_LONG = timedelta(minutes=10)
"""A third of the time after which what waits is late and pages nobody; thirty days of ten stations take half of it."""
_TOO_MUCH = Bilingual("Trạm gửi quá nhiều tin so với hạn mức", "The station sends more messages than its quota")
_MUCH_OF_THE_PAST = Bilingual(
    "Trạm gửi nhiều số liệu cũ, tin chờ xử lý đã lâu", "The station sends much of the past, and its messages wait long"
)
_log = get_logger(__name__)


class Floods:
    """Looks at what waits beside the quota. Blocking; used by the thread that also commits batches."""

    def __init__(self, store: WorkerStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._began = clock.now()
        """What waited through an outage of ours has not been long in our hands."""

    def look(self, floods: Callable[[str], bool]) -> int:
        """Open and end work items; return how many messages wait. ``floods`` says who was beyond the quota.

        Raises
        ------
        StoreError
            The database is away.
        """
        now = self._clock.now()
        with self._store.transaction() as tx:
            waiting = {line.station: line for line in tx.deferred.stations()}
            opened = set(tx.deferred.open_floods(RULE))
            for station in sorted(waiting.keys() - opened):
                line, flooding = waiting[station], floods(station)
                long = now - max(line.since, self._began) > WAITS_LONG
                if (flooding or long) and tx.alerts.apply(_opened(line, now, flooding=flooding)):
                    _log.warning("station_floods", station=station, messages=line.messages, bytes=line.bytes)
            for station in opened - set(waiting):
                tx.alerts.apply(_ended(station, now))
        return sum(line.messages for line in waiting.values())


def _opened(line: Deferring, now: datetime, *, flooding: bool) -> Transition:
    size_mb, since = line.bytes / 1e6, local_time(line.since)
    why = _TOO_MUCH if flooding else _MUCH_OF_THE_PAST
    said = Bilingual(
        f"{why.vi}: {line.messages} tin ({number_vi(round(size_mb, 1))} MB) từ {since} "
        "được xử lý sau các trạm khác, không mất tin nào. Kiểm tra bộ truyền dữ liệu của trạm.",
        f"{why.en}: {line.messages} ({number(round(size_mb, 1))} MB) since "
        f"{since} are read after those of the other stations; none is lost. Check its data logger.",
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

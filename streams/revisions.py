"""Stations that revise what was judged, many readings at once, or the history of a channel become a work item."""

from __future__ import annotations

from datetime import datetime, timedelta

from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.revisions import StationRevisions
from quantrac.domain.words import Bilingual, local_time
from quantrac.telemetry import get_logger
from sql.channel_store import RevisingStation
from sql.worker_store import WorkerTransaction

RULE = "revisions"
STATES_RULE = "states_revised"
LATELY = timedelta(hours=24)
"""Readings and states that were sent again within this time are counted together."""
_log = get_logger(__name__)


def look_at_revisions(tx: WorkerTransaction, mass: int, now: datetime) -> None:
    """Open and end work items.

    Parameters
    ----------
    mass
        So many readings sent again are a work item, whether they were judged or not; less only when they would soften
        an exceedance, judged or told as an alert.
    """
    revising = {line.station: line for line in tx.buckets.revising_stations(now - LATELY)}
    opened = set(tx.alerts.stations_with(RULE))
    for station, line in revising.items():
        if is_mass(line, mass) and station not in opened and tx.alerts.apply(_opened(line, now)):
            _log.warning(
                "station_revises", station=station, readings=line.revised_readings, findings_waiting=line.waiting
            )
    for station in opened:
        found = revising.get(station)
        if found is None or (not found.waiting and not is_mass(found, mass)):
            tx.alerts.apply(_ended(station, now))


def look_at_channels(tx: WorkerTransaction, now: datetime) -> None:
    """Open and end work items about stations that say otherwise of what their housekeeping channels had said.

    One such state is enough: a door that was open at three in the morning is a single one.
    """
    revising = {line.station: line for line in tx.channels.revising(now - LATELY)}
    opened = set(tx.alerts.stations_with(STATES_RULE))
    for station, line in revising.items():
        if station not in opened and tx.alerts.apply(_states_opened(line, now)):
            _log.warning("station_revises_states", station=station, channels=line.channels, times=line.times)
    over = Bilingual(
        "Trong 24 giờ qua trạm không gửi lại tình trạng nào với nội dung khác.",
        "For 24 hours the station has said otherwise of no state.",
    )
    for station in opened - revising.keys():
        tx.alerts.apply(_transition(station, TransitionKind.RESOLVED, now, now, over, STATES_RULE))


def _states_opened(line: RevisingStation, now: datetime) -> Transition:
    since, first, last = (local_time(at) for at in (line.revised_since, line.since, line.until))
    said = Bilingual(
        f"Từ {since} trạm báo khác đi về tình trạng đã báo của {line.channels} trong khoảng {first} – {last} "
        f"({line.times} lần). Lời báo đầu vẫn được giữ, xem ở trang của trạm.",
        f"Since {since} the station says otherwise of what {line.channels} had said for {first} – {last} "
        f"({line.times} times). What it said first is kept, and shown on the station's page.",
    )
    return _transition(line.station, TransitionKind.OPENED, now, line.revised_since, said, STATES_RULE)


def is_mass(line: StationRevisions, mass: int) -> bool:
    """Whether what a station revised is more than a logger's small correction."""
    return line.softened > 0 or line.made_harmless > 0 or line.revised_readings >= mass


def _opened(line: StationRevisions, now: datetime) -> Transition:
    said = Bilingual(
        f"Trạm gửi lại {line.revised_readings} số liệu với giá trị khác từ {local_time(line.since)}; "
        f"{line.made_harmless} số liệu trong đó đã vượt giới hạn và được cảnh báo, nay không còn vượt; "
        f"{line.waiting} kết quả đã xét đang chờ duyệt ({line.softened} kết quả vượt giới hạn sẽ nhẹ đi). Kết quả cũ "
        "vẫn có hiệu lực cho đến khi cán bộ chấp nhận kết quả mới; báo cáo của ngày đó ghi từng kết quả.",
        f"The station sent {line.revised_readings} readings again with other values since {local_time(line.since)}; "
        f"{line.made_harmless} of them were beyond a limit, told as an alert, and are not any more; "
        f"{line.waiting} findings wait ({line.softened} exceedances would be softened). The old findings stand until "
        "an officer accepts the new ones; the report of that day has each.",
    )
    return _transition(line.station, TransitionKind.OPENED, now, line.since, said)


def _ended(station: str, now: datetime) -> Transition:
    said = Bilingual("Không còn số liệu sửa đổi nào chờ duyệt.", "No revised readings wait for a decision.")
    return _transition(station, TransitionKind.RESOLVED, now, now, said)


def _transition(  # noqa: PLR0917  which item, and what of it
    station: str, kind: TransitionKind, now: datetime, since: datetime, said: Bilingual, rule: str = RULE
) -> Transition:
    return Transition(
        key=AlertKey(station, "", rule),
        kind=kind,
        alert_kind=AlertKind.REVISION,
        severity=Severity.WARNING,
        reason=rule,
        observed_at=now,
        since=since,
        value=None,
        limit=None,
        explanation=said,
        page=False,
    )

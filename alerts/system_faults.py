"""What is wrong with the system itself, and when those who operate it are told. Pure.

::

    minutes     0    5         20      25          35
    worker      #####################...             # gone
    told             P                            W    P: one mail after ``after``; W: well again, after ``well_after``

What explains another is told in its place: without a database, or a worker, nothing else is known or moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.heartbeat import STEP_SILENT_AFTER, STUCK_AFTER, Signs
from quantrac.domain.words import Bilingual, local_time

WORKER_LOST_AFTER = timedelta(minutes=2)
"""A worker notes twice a minute that it runs."""
CADENCES = 3
"""Nothing came for so many of the shortest cadence: a bridge of slow stations alone is not away each hour."""
LEAST_FREE_BYTES = 2_000_000_000
"""Of the disk: below it Kafka and PostgreSQL come near to where they stop."""


@dataclass(frozen=True, slots=True)
class BridgeSign:
    """What came through one bridge."""

    brought_at: datetime
    """Newest account of a message that the database has of it."""
    cadence_s: float
    """The shortest of its stations; 0: not known."""


@dataclass(frozen=True, slots=True)
class SystemSigns:
    """What the database shows of the processes, and this machine of its disk."""

    path: Signs
    worker_seen_at: datetime | None
    cadence_s: float
    """The shortest of all sensors; 0: none is known."""
    bridges: Mapping[str, BridgeSign] = field(default_factory=dict)
    free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class FaultPolicy:
    """How long a fault lasts before it is told, and how long none before it is said that all is well."""

    after: timedelta = timedelta(minutes=5)
    """Longer than a restart of anything takes."""
    well_after: timedelta = timedelta(minutes=10)
    silence: timedelta = timedelta(minutes=20)
    step: bool = True
    """Whether incidents page, so that their process must be alive."""


@dataclass(frozen=True, slots=True)
class FaultState:
    """What was seen and told so far."""

    since: Mapping[str, datetime] = field(default_factory=dict)
    """Of each fault that lasts, since when it was seen."""
    mailed: Mapping[str, datetime] = field(default_factory=dict)
    """Of each fault that was told and is not known to be over, since when it was seen."""
    well_since: datetime | None = None
    """Since when nothing that was told lasts; ``None``: something does, or nothing was told."""


@dataclass(frozen=True, slots=True)
class FaultMail:
    """What is told now: faults, or, where there are none, that all is well again."""

    faults: Mapping[str, datetime]
    mailed: Mapping[str, datetime]
    """All that was told, these included."""


DATABASE_AWAY = Bilingual(
    "Cơ sở dữ liệu không trả lời: không lưu, không báo được gì. Tin của trạm chờ ở Kafka, không mất.",
    "The database does not answer: nothing is stored and nobody is told. What stations send waits in Kafka.",
)


def database_away() -> dict[str, Bilingual]:
    """Return the fault of which nothing else is known."""
    return {"database": DATABASE_AWAY}


def faults(signs: SystemSigns, now: datetime, policy: FaultPolicy) -> dict[str, Bilingual]:
    """Return what is wrong, by name; the name stays while the fault lasts. A clock that was set back is no fault."""

    def older(at: datetime | None, than: timedelta) -> bool:
        return at is not None and now - at > than

    found: dict[str, Bilingual] = {}
    if signs.free_bytes is not None and signs.free_bytes < LEAST_FREE_BYTES:
        free = f"{signs.free_bytes / 1e9:.1f} GB"
        found["disk"] = Bilingual(
            f"Ổ đĩa sắp đầy: còn {free.replace('.', ',')}.", f"The disk is nearly full: {free} are free."
        )
    path = signs.path
    if policy.step and path.received_at is not None and (
        path.stepped_at is None or older(path.stepped_at, STEP_SILENT_AFTER)
    ):  # fmt: skip
        found["incidents"] = Bilingual(
            "Tiến trình sự cố (quantrac run incidents) không chạy: không ai được gọi trực.",
            "The process of the incidents (quantrac run incidents) does not run: nobody is paged.",
        )
    failing = older(path.failing_since, STUCK_AFTER) and (path.sent_at is None or older(path.sent_at, STUCK_AFTER))
    if failing or older(path.due_since, STUCK_AFTER):
        found["messages"] = Bilingual(
            "Tin báo bị kẹt hơn 10 phút, chưa gửi được.", "Messages wait for more than ten minutes, or all fail."
        )
    if path.received_at is not None and (
        signs.worker_seen_at is None or older(signs.worker_seen_at, WORKER_LOST_AFTER)
    ):
        found["workers"] = Bilingual(
            "Không có tiến trình xử lý nào chạy (quantrac run worker): số liệu chờ ở Kafka, chưa lưu, chưa xét.",
            "No worker runs (quantrac run worker): what comes waits in Kafka, neither stored nor judged.",
        )
        return found
    quiet = {name: sign.brought_at for name, sign in signs.bridges.items()
             if older(sign.brought_at, _silence(sign.cadence_s, policy))}  # fmt: skip
    for name, at in quiet.items():
        found[f"bridge {name}"] = Bilingual(
            f"Cầu nối {name} không đưa tin nào từ {local_time(at)}: cầu nối, máy chủ MQTT hoặc đường truyền.",
            f"Nothing came through the bridge {name} since {local_time(at)}: bridge, MQTT broker or line.",
        )
    all_quiet = len(quiet) == len(signs.bridges) > 0
    if older(path.received_at, _silence(signs.cadence_s, policy)) and path.received_at is not None and not all_quiet:
        since = local_time(path.received_at)
        found["readings"] = Bilingual(
            f"Không lưu được tin nào của trạm từ {since}: tin chờ ở Kafka, hoặc không tới.",
            f"No message of a station was stored since {since}: what comes waits in Kafka, or nothing comes.",
        )
    return found


def _silence(cadence_s: float, policy: FaultPolicy) -> timedelta:
    return max(policy.silence, timedelta(seconds=CADENCES * cadence_s))


def look(
    state: FaultState, found: Mapping[str, object], now: datetime, policy: FaultPolicy
) -> tuple[FaultState, FaultMail | None]:
    """Return what is known after a look, and what is to be told; a letter that fails is due again at the next look."""
    since = {name: state.since.get(name, now) for name in found}
    lasting = any(name in found for name in state.mailed)
    well_since = None if lasting or not state.mailed else state.well_since or now
    seen = FaultState(since, state.mailed, well_since)
    due = {name: at for name, at in since.items() if name not in state.mailed and now - at >= policy.after}
    if due:
        return seen, FaultMail(due, {**state.mailed, **due})
    if well_since is not None and not found and now - well_since >= policy.well_after:
        return seen, FaultMail({}, {})
    return seen, None

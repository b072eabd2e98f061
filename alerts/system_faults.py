"""What is wrong with the system itself, and when those who operate it are told. Pure.

::

    minutes     0    5         20      25          35
    worker      #####################...             # gone
    told             P                            W    P: one mail, after ``after``; W: over, after ``well_after``

A fault that was not there for ``well_after`` is over and told anew when it comes back, also while others last.

What explains another is told in its place: without a database, or a worker, nothing else is known or moves. What is
not known lasts as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    """How long a fault lasts before it is told, and how long it is not there before it is over."""

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
    """Of each fault that lasts, or that cannot be seen just now, since when it was seen."""
    mailed: Mapping[str, datetime] = field(default_factory=dict)
    """Of each fault that was told and is not known to be over, since when it was seen."""
    absent_since: Mapping[str, datetime] = field(default_factory=dict)
    """Of each fault that was told and is not there, since when."""
    owed: bool = False
    """Whether something was told, and not yet that nothing lasts any more."""


@dataclass(frozen=True, slots=True)
class FaultMail:
    """What is told now: faults, or, where there are none, that nothing lasts any more."""

    faults: Mapping[str, datetime]
    mailed: Mapping[str, datetime]
    """All that was told, these included."""


def database_away(reason: str) -> dict[str, Bilingual]:
    """Return the fault of which nothing else of the processes is known; ``reason``: what the last try has met."""
    return {
        "database": Bilingual(
            "Cơ sở dữ liệu không trả lời: không lưu, không báo được gì. Tin của trạm chờ ở Kafka, không mất. "
            f"Lý do: {reason}",
            "The database does not answer: nothing is stored and nobody is told. What stations send waits in Kafka. "
            f"Reason: {reason}",
        )
    }


def database_refuses(reason: str) -> dict[str, Bilingual]:
    """Return the fault of a database that answers and does not let the watch look: no waiting ends it."""
    return {
        "database refuses": Bilingual(
            f"Notifier không dùng được cơ sở dữ liệu: {reason} Các lỗi khác vì vậy không biết được.",
            f"The notifier cannot use the database: {reason} No other fault can be seen.",
        )
    }


def disk_nearly_full(free_bytes: int | None) -> dict[str, Bilingual]:
    """Return the fault of this machine's disk, which no database need be asked for; ``None``: not known."""
    if free_bytes is None or free_bytes >= LEAST_FREE_BYTES:
        return {}
    free = f"{free_bytes / 1e9:.1f} GB"
    said = Bilingual(f"Ổ đĩa sắp đầy: còn {free.replace('.', ',')}.", f"The disk is nearly full: {free} are free.")
    return {"disk": said}


def faults(signs: SystemSigns, now: datetime, policy: FaultPolicy) -> dict[str, Bilingual]:
    """Return what is wrong, by name; the name stays while the fault lasts.

    When processes were last at work is by our clock, as ``alerts.pulse`` tells: clocks that differ are no fault.
    """

    def older(at: datetime | None, than: timedelta) -> bool:
        return at is not None and now - at > than

    found = disk_nearly_full(signs.free_bytes)
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
            "Không tiến trình xử lý nào chạy, hoặc ghi được (quantrac run worker): số liệu chờ ở Kafka, chưa lưu.",
            "No worker runs, or can write (quantrac run worker): what comes waits in Kafka, neither stored nor judged.",
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
    state = _no_later(state, now)
    over = {name for name, at in state.absent_since.items() if now - at >= policy.well_after}
    mailed = {name: at for name, at in state.mailed.items() if name not in over}
    owed = state.owed or bool(state.mailed)
    if owed and not mailed and not found:
        # What was told stays noted until the end is told, also over a restart.
        return replace(state, since={}, owed=True), FaultMail({}, {})
    hidden = {name: at for name, at in state.since.items() if name not in found and _hidden(name, found)}
    absent_since = {
        name: state.absent_since.get(name, now)
        for name in mailed
        if name not in found and (name in state.absent_since or not _hidden(name, found))
    }
    since = {name: state.since.get(name, now) for name in found}
    seen = FaultState({**hidden, **since}, mailed, absent_since, owed)
    due = {name: at for name, at in since.items() if name not in mailed and now - at >= policy.after}
    return seen, FaultMail(due, {**mailed, **due}) if due else None


def _no_later(state: FaultState, now: datetime) -> FaultState:
    """Return what was seen, not later than now: our clock was set back."""
    since, mailed, absent = ({name: min(at, now) for name, at in instants.items()}
                             for instants in (state.since, state.mailed, state.absent_since))  # fmt: skip
    return replace(state, since=since, mailed=mailed, absent_since=absent)


def delivered(state: FaultState, letter: FaultMail) -> FaultState:
    """Return what is known once somebody has the letter."""
    return replace(state, mailed=letter.mailed, owed=bool(letter.faults))


def _hidden(name: str, found: Mapping[str, object]) -> bool:
    """Whether nothing is known of a fault because of what was found; see ``faults``."""
    if name == "disk":
        return False
    if "database" in found:
        return True
    if "database refuses" in found:
        return name != "database"
    return "workers" in found and (name == "readings" or name.startswith("bridge "))

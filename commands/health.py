"""What ``quantrac doctor`` asks the database of the pipeline itself: is anybody heard, is the log whole, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from commands.findings import CheckError
from quantrac.domain.presence import Defect
from quantrac.domain.progress import BreakKind
from quantrac.domain.words import duration, local_time

if TYPE_CHECKING:
    from commands.context import Context
    from sql.reports import BridgeClockLine, ClockLine, FloodLine, LogBreakLine, PutAsideLine

BREAKS_SHOWN = timedelta(days=7)
"""For so long a break of the raw log is a fault that somebody has to look at; then it is history."""


def hearing(context: Context) -> str:
    """Check that some station was heard lately, when any ever was."""
    from alerts.due import silence
    from sql.reports import Reports

    now = context.clock.now()
    with Reports(context.database().reader) as reports:
        last = reports.status(now).last_received_at
    cadences = [sensor.cadence_s for station in context.registry().current(now) for sensor in station.sensors]
    return heard(last, silence(min(cadences, default=300.0)), now)


def heard(last: datetime | None, quiet: timedelta, now: datetime) -> str:
    """Return when a station was last heard.

    Raises
    ------
    CheckError
        Longer ago than a station of the shortest cadence may be silent.
    """
    if last is None:
        return "no station was heard yet"
    if now - last >= quiet:
        raise CheckError(
            f"no station was heard for {duration(now - last)}, the last at {local_time(last)}",
            "Not the stations, our own path: do broker, quantrac run bridge and quantrac run worker run?",
        )
    return f"a station was heard at {local_time(last)}"


def incidents(context: Context) -> str:
    """Check that the process through which officers are told is alive, here or elsewhere."""
    from alerts.heartbeat import Signs
    from sql.sign_store import SignStore

    if not context.settings.incident_pages:
        return "single alerts page (QUANTRAC_INCIDENT_PAGES is false)"
    store = SignStore(context.database().reader)
    try:
        signs = Signs(*store.signs())
    finally:
        store.close()
    return looked_at(signs.stepped_at, context.clock.now(), ever_heard=signs.received_at is not None)


def looked_at(stepped_at: datetime | None, now: datetime, *, ever_heard: bool) -> str:
    """Return when the step of the incidents was last at work.

    Raises
    ------
    CheckError
        Long ago, never although stations send, or at an instant that is still to come.
    """
    from alerts.heartbeat import STEP_SILENT_AFTER
    from alerts.incidents.set_back import LEAST

    if stepped_at is None and not ever_heard:
        return "no station was heard yet"
    if stepped_at is None or now - stepped_at > STEP_SILENT_AFTER:
        since = "ever" if stepped_at is None else f"since {local_time(stepped_at)}"
        raise CheckError(
            f"no process has looked at incidents {since}: no officer is told of anything",
            "Start it: quantrac run incidents; or let single alerts page: QUANTRAC_INCIDENT_PAGES=false. "
            "Where that instant moves within a minute it runs, and its clock is slow: set it (chronyc tracking).",
        )
    if stepped_at - now >= LEAST:
        raise CheckError(
            f"incidents were looked at {local_time(stepped_at)}, {duration(stepped_at - now)} ahead of our clock",
            "Look again in a minute. Where that instant moves it runs, and its clock differs from ours: "
            "set them (chronyc tracking, timedatectl). Where it does not, start it: quantrac run incidents.",
        )
    return f"incidents were looked at {local_time(stepped_at)}"


def clock(context: Context) -> str:
    """Check what the database's clock and the stations' stamps say of our own."""
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        told_by_database(reports.database_clock(), context.clock.now())
        ours = told_by_stamps(reports.clock())
        return told_by_kafka(reports.bridge_clocks(context.clock.now())) or ours


def told_by_database(theirs: datetime, now: datetime) -> None:
    """Return while the database's clock agrees with this machine's.

    Raises
    ------
    CheckError
        They differ by a minute or more.
    """
    from alerts.incidents.set_back import LEAST

    if abs(theirs - now) >= LEAST:
        way = "ahead of" if theirs > now else "behind"
        raise CheckError(
            f"the database's clock is {duration(abs(theirs - now))} {way} this machine's: "
            f"{local_time(theirs)} and {local_time(now)}",
            "Set the one that is wrong (chronyc tracking, timedatectl): our instants are by one or the other.",
        )


def told_by_kafka(lines: Sequence[BridgeClockLine]) -> str:
    """Return nothing while every bridge's clock agrees with those of Kafka and the workers.

    Raises
    ------
    CheckError
        One does not; the worst is named.
    """
    if not lines:
        return ""
    worst = lines[0]
    way = "fast" if worst.off_s > 0 else "slow"
    more = f", one of {len(lines)}" if len(lines) > 1 else ""
    raise CheckError(
        f"since {local_time(worst.since)} the clock of {worst.bridge}{more} is {way} by "
        f"{duration(timedelta(seconds=abs(worst.off_s)))}, by those of Kafka and the workers, which are taken instead",
        "Set the clock of the machine of that bridge or drop folder (chronyc tracking, timedatectl).",
    )


def told_by_stamps(line: ClockLine | None) -> str:
    """Return that our clock is right, as far as the stations' stamps tell.

    Raises
    ------
    CheckError
        What nearly all stations send is ahead of it, or late, alike.
    """
    if line is None:
        return "ours agrees with the stations'"
    behind = line.defect == Defect.AHEAD.value
    wrong = "ahead of our clock: ours is slow" if behind else "late by our clock: ours is fast"
    then = (
        "then replay what was refused: quantrac dead-letters replay --reason instant_in_future"
        if behind
        else "nothing is to be done while the whole province sends what waited through an outage"
    )
    raise CheckError(
        f"since {local_time(line.since)} what nearly all stations send is {wrong}; nobody is called silent meanwhile",
        f"Set the clocks of the machines of bridges and workers (chronyc tracking, timedatectl), {then}.",
    )


def raw_log(context: Context) -> str:
    """Check that the raw topic has broken nowhere lately."""
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        return unbroken(reports.log_breaks(), context.clock.now())


def unbroken(breaks: Sequence[LogBreakLine], now: datetime) -> str:
    """Return what is known of breaks of the raw log, the newest first in ``breaks``.

    Raises
    ------
    CheckError
        One was noticed within ``BREAKS_SHOWN``.
    """
    own = [found for found in breaks if found.kind != BreakKind.ACCEPTED.value]
    lately = [found for found in own if now - found.noticed_at < BREAKS_SHOWN]
    if lately:
        raise CheckError(
            f"{lately[0].kind}, noticed at {local_time(lately[0].noticed_at)} (one of {len(lately)})",
            f"{lately[0].what} All of them: quantrac progress list",
        )
    return f"whole for {BREAKS_SHOWN.days} days" + (f"; {len(own)} older breaks" if own else "")


def floods(context: Context) -> str:
    """Check that nothing waits behind the others."""
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        return none_floods(reports.flooding())


def none_floods(lines: Sequence[FloodLine]) -> str:
    """Return that no station's messages wait.

    Raises
    ------
    CheckError
        Some do; the station of which the most waits is named.
    """
    if not lines:
        return "no station is beyond its quota"
    worst = max(lines, key=lambda line: line.bytes)
    raise CheckError(
        f"{len(lines)} stations are beyond their quota, or send much of the past; of {worst.station} {worst.messages} "
        f"messages ({worst.bytes / 1e6:.1f} MB) wait since {local_time(worst.since)}",
        "Nothing is lost, and no other station waits. If it lasts, look at its data logger; "
        "QUANTRAC_STATION_MESSAGES_PER_S and QUANTRAC_STATION_BYTES_PER_S are the quota.",
    )


def judging(context: Context) -> str:
    """Check that every hour and day can be judged."""
    from sql.reports import Reports

    with Reports(context.database().reader) as reports:
        return all_judged(reports.put_aside())


def all_judged(lines: Sequence[PutAsideLine]) -> str:
    """Return that nothing was put aside.

    Raises
    ------
    CheckError
        Hours or days cannot be judged.
    """
    if not lines:
        return "every hour and day can be judged"
    first = lines[0]
    raise CheckError(
        f"{len(lines)} hours or days cannot be judged; {first.station} {first.parameter}, the {first.window} from "
        f"{local_time(first.start)}: {first.failure}",
        f"The others are judged. It is tried again at {local_time(first.try_after)}; the worker's log has the "
        "traceback (bucket_not_judged).",
    )

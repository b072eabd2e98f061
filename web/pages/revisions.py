"""Readings that a station sent again after their hour or day was judged: both findings, and an officer's decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from urllib.parse import quote, urlencode

from starlette.responses import Response

from quantrac.domain.accounts import Right
from quantrac.domain.limits import Window
from quantrac.domain.revisions import PendingJudgement, PendingState
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import Bilingual
from reports.words import WINDOW
from sql import revision_desk
from sql.page_rows import Cursor
from web.visit import Visit, WebError, not_found, page

MOST_DECISIONS = 500
"""Findings of which the decisions are listed."""
MOST_READINGS = 300
DECISIONS = {"accepted": True, "rejected": False}


@dataclass(frozen=True, slots=True)
class Day:
    """What of one day of a sensor waits."""

    day: date
    found: tuple[PendingJudgement, ...]

    @property
    def lead(self) -> PendingJudgement:
        """The day's own finding, or the first of its hours."""
        return next((p for p in self.found if p.window is Window.DAY), self.found[0])

    @property
    def hours(self) -> int:
        """How many of its hours wait."""
        return sum(p.window is Window.HOUR for p in self.found)

    @property
    def readings(self) -> int:
        """How many of its readings were sent again."""
        hours = sum(p.revised_readings for p in self.found if p.window is Window.HOUR)
        return max([hours, *(p.revised_readings for p in self.found if p.window is Window.DAY)])


@dataclass(frozen=True, slots=True)
class Decided:
    """Findings of one sensor that were decided together."""

    found: tuple[PendingJudgement, ...]

    @property
    def last(self) -> PendingJudgement:
        """The newest of them."""
        return self.found[0]


def listed(visit: Visit) -> Response:
    """List what waits, by station and parameter, and what was decided of late."""
    with visit.house.database.reading("listing revisions") as cursor:
        waiting = [g for g in revision_desk.groups(cursor) if visit.account.sees(g.station)]
        known = revision_desk.decided(cursor, MOST_DECISIONS)
        names = _names(visit, cursor)
    decided = _decided(p for p in known if visit.account.sees(p.station))
    return visit.render("revisions.html", {"waiting": waiting, "decided": decided, "names": names})


def shown(visit: Visit) -> Response:
    """Show what of a sensor waits, a day a line; of one day each finding and reading as it was and is."""
    station, parameter = visit.path("code"), visit.path("parameter")
    visit.see(station)
    asked = visit.request.query_params.get("day", "")
    with visit.house.database.reading("reading revisions") as cursor:
        group = next(iter(revision_desk.groups(cursor, station, parameter)), None)
        days = _days(revision_desk.pending(cursor, station, parameter))
        chosen = next((d for d in days if str(d.day) == asked), days[0] if len(days) == 1 else None)
        readings = [] if chosen is None else revision_desk.of_findings(cursor, _widest(chosen))
        known = revision_desk.decided(cursor, MOST_DECISIONS, station, parameter)
        names = _names(visit, cursor)
    if group is None and not known:
        raise not_found()
    values = {
        "station": station,
        "parameter": parameter,
        "unit": _unit(visit, station, parameter),
        "group": group,
        "windows": {window: (words.vi, words.en) for window, words in WINDOW.items()},
        "days": days,
        "chosen": chosen,
        "readings": readings[:MOST_READINGS],
        "more": max(0, len(readings) - MOST_READINGS),
        "newest": max(
            (p.id for p in (chosen.found if chosen else ())), default=None if group is None else group.newest
        ),
        "decided": _decided(known),
        "names": names,
        "done": visit.request.query_params.get("done", ""),
        "count": visit.request.query_params.get("count", ""),
    }
    return visit.render("revision.html", values)


def decide(visit: Visit) -> Response:
    """Accept or reject what the officer has seen; what came since then waits on."""
    station, parameter = visit.path("code"), visit.path("parameter")
    visit.see(station)
    state, reason, newest = visit.text("state", 20), visit.text("reason", 2000), visit.text("newest", 20)
    if state not in DECISIONS or not newest.isdecimal():
        raise WebError(400, "Không rõ yêu cầu.", "Unknown request.")
    if not reason:
        raise WebError(400, "Cần ghi lý do; chưa có gì được quyết định.", "Say why; nothing was decided.")
    day = visit.text("day", 10)
    with visit.house.database.acting(visit.account.login, "deciding revisions") as cursor:
        waiting = revision_desk.pending(cursor, station, parameter)
        chosen = [p.id for p in waiting if p.id <= int(newest) and day in ("", str(_day_of(p)))]
        outcomes = revision_desk.decide_by_account(cursor, chosen, reason, accept=DECISIONS[state]) if chosen else {}
    count = sum(outcome == state for outcome in outcomes.values())
    if not count:
        raise WebError(
            409,
            "Không còn gì bạn đã xem mà chưa quyết định: người khác đã quyết, hoặc trạm vừa gửi lại lần nữa.",
            "Nothing that you have seen waits any more: it was decided, or the station has just sent it again.",
        )
    done = urlencode({"done": state, "count": count})
    return visit.goto(f"/revisions/{quote(station)}/{quote(parameter, safe='')}?{done}")


def _days(found: Iterable[PendingJudgement]) -> list[Day]:
    """Return what waits by day, the newest first."""
    ordered = sorted(found, key=lambda p: (_day_of(p), p.start, p.window is Window.HOUR))
    days = [Day(day, tuple(group)) for day, group in groupby(ordered, _day_of)]
    return days[::-1]


def _widest(day: Day) -> Sequence[PendingJudgement]:
    """Return the findings that hold all of its readings: the day's own, where there is one."""
    return [p for p in day.found if p.window is Window.DAY] or day.found


def _decided(found: Iterable[PendingJudgement]) -> list[Decided]:
    def together(p: PendingJudgement) -> tuple[str, str, PendingState, str | None, str | None]:
        return p.station, p.parameter, p.state, p.decided_by, p.decision_reason

    return [Decided(tuple(group)) for _, group in groupby(found, together)]


def _day_of(pending: PendingJudgement) -> date:
    at: datetime = pending.start.astimezone(VIETNAM)
    return at.date()


def _names(visit: Visit, cursor: Cursor) -> dict[str, Bilingual]:
    return {s.code: s.name for s in visit.house.stations.of(cursor, visit.now, visit.account.scope)}


def _unit(visit: Visit, station: str, parameter: str) -> str:
    described = visit.house.catalogue()[0].station(station, visit.now)
    sensor = None if described is None else described.sensor_of.get(parameter)
    return "" if sensor is None else sensor.unit


ROUTES = [
    page("/revisions", listed),
    page("/revisions/{code}/{parameter}", shown),
    page("/revisions/{code}/{parameter}", decide, right=Right.HANDLE, post=True),
]

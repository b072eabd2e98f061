"""Who is on call: rotas, swaps and overrides; windows that hold pages back."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.responses import Response

from alerts.incidents.reasons import IncidentPolicy
from alerts.oncall import check as checking
from alerts.oncall import ics
from alerts.oncall.document import of_rows
from alerts.oncall.duty import duty, shifts, uncovered_part
from alerts.oncall.swaps import SwapAnswer
from alerts.oncall.swaps import answer as answered
from alerts.oncall.swaps import propose as proposed
from quantrac.domain.accounts import Right
from quantrac.domain.incidents import HoldWindow, WindowKind
from quantrac.domain.oncall import OnCall, OnCallRows, Override, Person, Swap, SwapState
from sql import oncall_store, page_rows
from sql.incident_store import IncidentTransaction
from sql.web_database import ActingOnCallStore, ActingStore
from web.pages.incidents import local_instant
from web.visit import Visit, WebError, forbidden, not_found, page
from web.words import word

WEEKS = timedelta(weeks=4)
LONGEST_WINDOW = timedelta(days=31)
FARTHEST_START = timedelta(days=366)
"""Ahead: what is farther cannot be seen among the windows, and not be ended."""


def rota(visit: Visit) -> Response:
    """Show who is on duty, who comes next, and what is wrong with the plan."""
    rows, oncall = oncall_of(visit)
    now = visit.now
    # A plant hears whom to ring, not when nobody will be there, or whom nothing reaches.
    ours = not visit.account.stations
    plans = [
        (each, duty(each, oncall.overrides, now), [
            shift for shift in shifts(each, oncall.overrides, now, now + WEEKS)
            if shift.people or uncovered_part(each, shift) is not None
        ] if ours else [])
        for each in oncall.rotas
    ]  # fmt: skip
    names = {r.code: r.title for r in oncall.rotas} | {p.code: p.name for p in oncall.people}
    return visit.render("duty.html", {
        "plans": plans,
        "ends": now + WEEKS,
        "names": names,
        "people": oncall.people,
        "swaps": rows.swaps,
        "overrides": rows.overrides,
        "findings": checking.check(oncall, now) if oncall.rotas and ours else [],
        "ours": ours,
        "me": visit.account.person,
    })  # fmt: skip


def override(visit: Visit) -> Response:
    """Put somebody in place of another for a time."""
    starts_at, ends_at = _times(visit)
    added, removed = visit.text("add", 64) or None, visit.text("remove", 64) or None
    _, oncall = oncall_of(visit)
    code, known = visit.text("rota", 64), {p.code for p in oncall.people}
    if oncall.rota(code) is None or not (added or removed) or ({added, removed} - {None}) - known:
        raise WebError(400, "Lịch hoặc người không đúng.", "There is no such rota or person.")
    changed = Override(code, starts_at, ends_at, removed, added)
    store_of(visit).add_override(changed, visit.account.acts_as, visit.now)
    return visit.goto("/duty")


def propose(visit: Visit) -> Response:
    """Ask a colleague to take over; it counts when the colleague has accepted."""
    starts_at, ends_at = _times(visit)
    _, oncall = oncall_of(visit)
    rota_asked = oncall.rota(visit.text("rota", 64))
    if rota_asked is None:
        raise not_found()
    swap = Swap(0, rota_asked.code, visit.account.person or "", visit.text("colleague", 64), starts_at, ends_at)
    outcome = proposed(swap, oncall, rota_asked, visit.now)
    if outcome.answer is not SwapAnswer.DONE:
        raise _refused(outcome.answer)
    store_of(visit).propose_swap(swap, visit.now)
    return visit.goto("/duty")


def respond(visit: Visit) -> Response:
    """Accept, decline or withdraw a swap; only the two whose duty it is may."""
    number, state = visit.path("id"), visit.text("state", 20)
    if not number.isdecimal() or len(number) > 15 or state not in {"accepted", "declined", "withdrawn"}:
        raise not_found()
    answers: list[SwapAnswer] = []

    def decide(swap: Swap) -> Swap:
        outcome = answered(swap, visit.account.person or "", SwapState(state), visit.now)
        answers.append(outcome.answer)
        return outcome.swap

    if store_of(visit).change_swap(int(number), decide, visit.now) is None:
        raise not_found()
    if answers != [SwapAnswer.DONE]:
        raise _refused(answers[0])
    return visit.goto("/duty")


def feed(visit: Visit) -> Response:
    """Return one's own duties of the next half year as a calendar."""
    now = visit.now
    _, oncall = oncall_of(visit)
    person = own_person(visit, oncall)
    if person is None:
        raise not_found()
    text, _ = ics.feed(oncall, person, now)
    headers = {"content-disposition": 'attachment; filename="truc-ban.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=headers)


def windows(visit: Visit) -> Response:
    """Show what holds pages back, now or later, and a form for another."""
    now, scope = visit.now, visit.account.scope
    with visit.house.database.reading("listing windows") as cursor:
        found = page_rows.windows(cursor, scope, now - timedelta(days=7), now + timedelta(days=365))
        calibrating = [
            w for w in IncidentTransaction(cursor).windows(now, IncidentPolicy().longest_ad_hoc)
            if w.kind is WindowKind.AD_HOC and visit.account.sees(w.station)
        ]  # fmt: skip
        stations = visit.house.stations.of(cursor, now, scope)
        people = of_rows(oncall_store.load(cursor, now)).people
    return visit.render("windows.html", {
        "windows": [*calibrating, *found],
        "stations": stations,
        "names": {s.code: s.name for s in stations},
        "people": {p.code: p.name for p in people},
        "kinds": _kinds(visit),
    })  # fmt: skip


def announce(visit: Visit) -> Response:
    """Announce maintenance or calibration of a station or a sensor; officers may also ask for silence."""
    station, kind = visit.text("station", 64), visit.text("kind", 20)
    visit.see(station)
    if kind not in {k.value for k in _kinds(visit)}:
        raise forbidden()
    starts_at, ends_at = _times(visit)
    weekly = visit.text("weekly", 5) == "1" and kind != WindowKind.SILENCE.value
    if ends_at - starts_at > LONGEST_WINDOW or (weekly and ends_at - starts_at >= timedelta(days=7)):
        raise WebError(400, "Tối đa 31 ngày (lặp hằng tuần: dưới 7 ngày).", "31 days at most; weekly: below 7.")
    if starts_at - visit.now > FARTHEST_START:
        raise WebError(400, "Chỉ đăng ký trước tối đa một năm.", "A window begins within a year.")
    with visit.house.database.reading("listing stations") as cursor:
        if not visit.house.stations.of(cursor, visit.now, [station]):
            raise not_found()
    parameter = visit.text("parameter", 20)
    described = visit.house.catalogue()[0].newest(station)
    if parameter and described is not None and parameter not in described.sensor_of:
        measured = ", ".join(described.sensor_of)
        raise WebError(
            400,
            f"Trạm không đo thông số này; trạm đo {measured}.",
            f"The station does not measure it; it does {measured}.",
        )
    window = HoldWindow(
        0, WindowKind(kind), station, parameter, starts_at, ends_at, 7 if weekly else 0,
        by=visit.account.acts_as, note=visit.text("note", 500),
    )  # fmt: skip
    with ActingStore(visit.house.database, visit.account.login).transaction() as tx:
        tx.add_window(window)
    return visit.goto("/windows")


def release(visit: Visit) -> Response:
    """End a window now; an operator only one of its own stations."""
    number = visit.path("id")
    if not number.isdecimal() or len(number) > 15:
        raise not_found()
    since, until = visit.now - timedelta(days=400), visit.now + timedelta(days=800)
    with visit.house.database.reading("listing windows") as cursor:
        known = page_rows.windows(cursor, visit.account.scope, since, until)
    window = next((w for w in known if w.id == int(number)), None)
    if window is None or not (visit.account.may(Right.HANDLE) or visit.account.sees(window.station)):
        raise not_found()
    if not window.station and visit.account.stations:
        raise not_found()
    with ActingStore(visit.house.database, visit.account.login).transaction() as tx:
        tx.end_window(window.id, visit.now)
    return visit.goto("/windows")


def _kinds(visit: Visit) -> list[WindowKind]:
    silence = [WindowKind.SILENCE] if visit.account.may(Right.HANDLE) else []
    return [WindowKind.MAINTENANCE, WindowKind.CALIBRATION, *silence]


def store_of(visit: Visit) -> ActingOnCallStore:
    """Return what changes who is on call, in the account's name."""
    return ActingOnCallStore(visit.house.database, visit.account.login)


def _refused(answer: SwapAnswer) -> WebError:
    words = word(answer)
    return WebError(409, words.vi, words.en)


def _times(visit: Visit) -> tuple[datetime, datetime]:
    starts_at, ends_at = local_instant(visit.text("starts", 30)), local_instant(visit.text("ends", 30))
    if ends_at <= starts_at or ends_at <= visit.now:
        raise WebError(400, "Lúc kết thúc phải sau lúc bắt đầu và chưa qua.", "The end must lie after the beginning.")
    return starts_at, ends_at


def own_person(visit: Visit, oncall: OnCall) -> Person | None:
    """Return who the account is among the people on call; ``None`` when it is nobody."""
    return None if visit.account.person is None else oncall.person(visit.account.person)


def oncall_of(visit: Visit) -> tuple[OnCallRows, OnCall]:
    """Return who is on call: as the database keeps it, and as it is meant."""
    with visit.house.database.reading("reading who is on call") as cursor:
        rows = oncall_store.load(cursor, visit.now)
    return rows, of_rows(rows)


ROUTES = [
    page("/duty", rota),
    page("/duty/overrides", override, right=Right.PLAN, post=True),
    page("/duty/swaps", propose, right=Right.HANDLE, post=True),
    page("/duty/swaps/{id}", respond, right=Right.HANDLE, post=True),
    page("/duty/calendar.ics", feed),
    page("/windows", windows),
    page("/windows", announce, right=Right.ANNOUNCE, post=True),
    page("/windows/{id}/end", release, right=Right.ANNOUNCE, post=True),
]

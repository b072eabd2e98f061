"""Incidents: the list, one of them, and what officers and operators do with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from alerts.incidents.desk import Desk
from alerts.incidents.lifecycle import Act, Answer, Outcome
from quantrac.domain.accounts import Right
from quantrac.domain.incidents import MAX_ATTACHMENT_BYTES, Attachment, IncidentCause, IncidentEvent, Topic
from quantrac.domain.stations import VIETNAM
from quantrac.errors import QuantracError, StoreError
from sql import oncall_store, page_rows
from sql.incident_store import IncidentTransaction
from sql.reports import AlertLine, Reports
from sql.web_database import ActingStore
from web.incidents.curve import Around, as_json, surroundings
from web.incidents.doubts import doubts
from web.incidents.evidence import sealed
from web.incidents.files import PICTURES, safe_name, type_of
from web.incidents.story import Story, story_of
from web.incidents.view import cut, found, stations_of, view_of
from web.languages import translator
from web.visit import Visit, WebError, forbidden, not_found, page
from web.words import reason

PAGE_OF = 50
PARTS = frozenset({"incident", "incident-history"})
"""Of the page of an incident, for an open one."""
MOST_MATTERS = 8
"""Parameters that are shown at once: what is to be done, and the curve, are not below those of sixty stations."""
SNOOZES = (30, 60, 120, 240, 480, 1440)
"""Minutes that are offered."""


def listed(visit: Visit) -> Response:
    """List incidents, the newest first, so many at a time."""
    every = visit.request.query_params.get("all") == "1"
    before = visit.request.query_params.get("before", "")
    with visit.house.database.reading("listing incidents") as cursor:
        stations = visit.house.stations.of(cursor, visit.now, visit.account.scope, first=True)
        known = page_rows.incidents(
            cursor,
            visit.account.scope,
            only_active=not every,
            limit=PAGE_OF,
            before=_number(before) if before else None,
        )
        people = oncall_store.names(cursor)
    names = {s.code: s.name for s in stations}
    shown = [c for i in known if (c := cut(i, visit.account)) is not None]
    more = known[-1].id if len(known) == PAGE_OF else None
    part = visit.request.headers.get("hx-request") is not None
    values = {"incidents": shown, "names": names, "people": people, "every": every, "more": more}
    return visit.render("parts/incidents.html" if part else "incidents.html", values)


def shown(visit: Visit) -> Response:
    """Show one incident, or the parts of it that change."""
    part = visit.request.query_params.get("part", "")
    with visit.house.database.reading("reading an incident") as cursor:
        view = view_of(cursor, visit, _number(visit.path("id")))
    values = {
        "view": view,
        "incident": view.incident,
        "names": {code: s.name for code, s in view.stations.items()},
        "causes": list(IncidentCause),
        "snoozes": SNOOZES,
        "most_matters": MOST_MATTERS,
        "done": visit.request.query_params.get("done", ""),
        "pictures": PICTURES,
        "sealing": visit.house.options.evidence_key is not None,
        "has_raw": visit.house.options.raw_of is not None,
    }
    return visit.render(f"parts/{part}.html" if part in PARTS else "incident.html", values)


def curve(visit: Visit) -> Response:
    """Return the curve of an alert of an incident, and what speaks against its class."""
    number = _number(visit.path("id"))
    with visit.house.database.reading("reading an incident") as cursor:
        incident = found(cursor, visit, number)
        wanted = _number(visit.request.query_params.get("alert", "0"))
        members = {m.alert_id: m for m in incident.members}
        if wanted not in members:
            raise not_found()
        alert = page_rows.alerts(cursor, ids=[wanted])[0]
        around = _around(cursor, visit, alert)
    try:
        story = _story(visit, alert)
    except StoreError:
        raise
    except QuantracError:
        return JSONResponse({"traces": [], "doubts": []})
    t = translator(visit.language)
    seen = surroundings(story, around)
    return JSONResponse(as_json(story) | {"doubts": [] if seen is None else [t(d) for d in doubts(seen)]})


def _story(visit: Visit, alert: AlertLine) -> Story:
    registry, limit_sets = visit.house.catalogue()
    with Reports(visit.house.conninfo) as reports:
        return story_of(reports, registry, limit_sets, alert)


def _around(cursor: page_rows.Cursor, visit: Visit, alert: AlertLine) -> Around:
    stations = {s.code: s for s in visit.house.stations.of(cursor, visit.now, None)}
    own = stations.get(alert.station)
    park = {c for c, s in stations.items() if own and own.park and s.park == own.park and c != alert.station}
    active = page_rows.incidents(cursor, sorted(park), only_active=True, limit=PAGE_OF) if park else []
    covered = page_rows.windows(cursor, [alert.station], alert.since, alert.resolved_at or visit.now)
    alarmed = {code for i in active if i.topic is Topic.WATER for code in i.stations if code in park}
    return Around(bool(covered), len(alarmed))


def act(visit: Visit) -> Response:
    """Do what a form asks for, and show what became of it."""
    number, what = _number(visit.path("id")), visit.path("act")
    if what not in _ACTS:
        raise not_found()
    right, do = _ACTS[what]
    visit.need(right)
    with visit.house.database.reading("reading an incident") as cursor:
        found(cursor, visit, number)
    house = visit.house
    desk = Desk(ActingStore(house.database, visit.account.login), house.clock, house.options.url)
    outcome = do(visit, desk, number)
    if outcome is None:
        raise not_found()
    answer = outcome.answer.value
    if outcome.answer is not Answer.DONE and visit.words():
        said = reason(answer)
        raise WebError(409, said.vi, said.en)  # its page shows what was written
    return visit.goto(f"/incidents/{number}?done={answer}")


def _take(visit: Visit, desk: Desk, number: int) -> Outcome | None:
    return desk.acknowledge(number, visit.account.acts_as)


def _comment(visit: Visit, desk: Desk, number: int) -> Outcome | None:
    cause, plan = visit.text("cause_words"), visit.text("plan")
    parts = [visit.text("text"), f"Nguyên nhân: {cause}" if cause else "", f"Khắc phục: {plan}" if plan else ""]
    return desk.comment(number, visit.account.acts_as, "\n".join(p for p in parts if p))


def _snooze(visit: Visit, desk: Desk, number: int) -> Outcome | None:
    minutes = _number(visit.text("minutes", 6))
    return desk.snooze(number, visit.account.acts_as, visit.now + timedelta(minutes=minutes))


def _assign(visit: Visit, desk: Desk, number: int) -> Outcome | None:
    return desk.assign(number, visit.account.acts_as, visit.text("to", 64))


def _close(visit: Visit, desk: Desk, number: int) -> Outcome | None:
    try:
        cause = IncidentCause(visit.text("cause", 40))
    except ValueError as exc:
        raise WebError(400, "Hãy chọn nguyên nhân.", "Choose a cause.") from exc
    return desk.close(number, visit.account.acts_as, cause, visit.text("text"))


def _reopen(visit: Visit, desk: Desk, number: int) -> Outcome | None:
    return desk.reopen(number, visit.account.acts_as)


_ACTS: dict[str, tuple[Right, Callable[[Visit, Desk, int], Outcome | None]]] = {
    "take": (Right.HANDLE, _take),
    "comment": (Right.ANSWER, _comment),
    "snooze": (Right.HANDLE, _snooze),
    "assign": (Right.HANDLE, _assign),
    "close": (Right.HANDLE, _close),
    "reopen": (Right.HANDLE, _reopen),
}


def attach(visit: Visit) -> Response:
    """Keep a photograph or a document with an incident."""
    number, upload = _number(visit.path("id")), visit.form.get("file")
    with visit.house.database.reading("reading an incident") as cursor:
        found(cursor, visit, number)
    if not isinstance(upload, UploadFile):
        raise WebError(400, "Hãy chọn một tệp.", "Choose a file.")
    content = upload.file.read(MAX_ATTACHMENT_BYTES + 1)
    if not 0 < len(content) <= MAX_ATTACHMENT_BYTES:
        raise WebError(413, "Tệp phải có nội dung và tối đa 5 MiB.", "A file has 1 byte to 5 MiB.")
    kind = type_of(content)
    if kind is None:
        raise WebError(415, "Chỉ nhận ảnh JPEG, PNG, WebP, HEIC hoặc PDF.", "JPEG, PNG, WebP, HEIC or PDF only.")
    name, by, now = safe_name(upload.filename or "", kind), visit.account.acts_as, visit.now
    with ActingStore(visit.house.database, visit.account.login).transaction() as tx:
        if tx.attach(number, Attachment(0, now, by, name, kind, "", len(content)), content) is not None:
            tx.add_events([IncidentEvent(number, now, by, Act.ATTACH.value, Answer.DONE.value, name)])
    return visit.goto(f"/incidents/{number}?done={Answer.DONE.value}")


def file(visit: Visit) -> Response:
    """Return a file of an incident; a picture to be shown, everything else to be kept."""
    number = _number(visit.path("id"))
    with visit.house.database.reading("reading a file") as cursor:
        tx = IncidentTransaction(cursor)
        wanted = _number(visit.path("file"))
        known = next((f for f in view_of(cursor, visit, number).files if f.id == wanted), None)
        content = None if known is None else tx.attachment(number, wanted)
    if known is None or content is None:
        raise not_found()
    kind = "inline" if known.content_type in PICTURES else "attachment"
    headers = {"content-disposition": f"{kind}; filename*=UTF-8''{quote(known.name)}"}
    picture = known.content_type if type_of(content) == known.content_type else "application/octet-stream"
    return Response(content, media_type=picture, headers=headers)


def evidence(visit: Visit) -> Response:
    """Return everything that is known of an incident as a sealed file; that it was made is audited first."""
    number = _number(visit.path("id"))
    with visit.house.database.reading("reading an incident") as cursor:
        if found(cursor, visit, number).stations != stations_of(cursor, number):
            raise forbidden()  # the file holds the stations of others as well
    made = sealed(visit, number, raw=visit.text("raw", 5) != "0")
    headers = {"content-disposition": f'attachment; filename="{made.name}"', "x-content-sha256": made.sha256}
    return Response(made.content, media_type="application/zip", headers=headers)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise not_found()
    return int(text)


def local_instant(text: str) -> datetime:
    """Return the instant that a field of type ``datetime-local`` holds, in Vietnam's time."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=VIETNAM)
    except ValueError as exc:
        raise WebError(400, "Thời điểm không hợp lệ.", "This is no date and time.") from exc


ROUTES = [
    page("/incidents", listed),
    page("/incidents/{id}", shown),
    page("/incidents/{id}/curve.json", curve),
    page("/incidents/{id}/files", attach, right=Right.ANSWER, post=True),
    page("/incidents/{id}/files/{file}", file),
    page("/incidents/{id}/evidence", evidence, right=Right.HANDLE, post=True),
    page("/incidents/{id}/{act}", act, post=True),
]

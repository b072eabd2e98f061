"""A station: what it measures now, how that went, what is missing, what it is by its description."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timedelta

from starlette.responses import JSONResponse, Response

from quantrac.domain.channels import KIND_VI
from quantrac.domain.parameters import names_of
from quantrac.domain.stations import VIETNAM, Station, midnight
from reports.clock import DaySoFar, Outlook, outlook
from sql import page_rows, revision_desk, station_rows
from sql.channel_store import changes_of, states_of
from sql.page_rows import LatestRow
from web.incidents.view import cut
from web.pages.incidents import local_instant
from web.stations.period import CHOICES, Period, period_of
from web.stations.trend import columns
from web.stations.why import steps_of
from web.visit import Visit, WebError, not_found, page

DAYS = 14
"""Of the data-received ratio."""
MOST_ROWS = 200_000
"""Of an export: sixty days of a station at five minutes are 140,000."""
ALERTS = 20
CHANGES = 12
"""Of housekeeping channels."""


def station(visit: Visit) -> Response:
    """Show a station."""
    code, now = visit.path("code"), visit.now
    visit.see(code)
    with visit.house.database.reading("reading a station") as cursor:
        row = next(iter(page_rows.stations(cursor, now, [code])), None)
        if row is None:
            raise not_found()
        today = midnight(now.astimezone(VIETNAM).date())
        first = (today - timedelta(days=DAYS - 1)).date()
        latest = page_rows.latest(cursor, code, now)
        sums = station_rows.day_so_far(cursor, code, today, now)
        received = station_rows.received(cursor, code, first, today.date())
        alerts = page_rows.alerts(cursor, station=code, limit=ALERTS)
        spans = station_rows.status_spans(cursor, code, now - timedelta(days=30), now)
        incidents = page_rows.incidents(cursor, [code], only_active=False, limit=8)
        channels = states_of(cursor, code)
        changes = changes_of(cursor, code, now - timedelta(days=30), now)
        waiting = revision_desk.groups(cursor, code)
    described = visit.house.catalogue()[0].station(code, now)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    ratio = {(r.parameter, r.day): r for r in received}
    return visit.render("station.html", {
        "s": row,
        "latest": latest,
        "parameters": {r.parameter: names_of(r.parameter) for r in latest},
        "clock": clock_of(described, latest, sums, today, now),
        "days": days,
        "ratio": ratio,
        "alerts": alerts,
        "spans": spans,
        "channels": channels,
        "changes": [c for c in changes if c.revised_at is None][:CHANGES],
        "revised": [c for c in changes if c.revised_at is not None][:CHANGES],
        "kinds": KIND_VI,
        "described": described,
        "waiting": waiting,
        "incidents": [c for i in incidents if (c := cut(i, visit.account)) is not None],
        "choices": CHOICES,
    })  # fmt: skip


def latest(visit: Visit) -> Response:
    """Return the table of the latest values, for an open page."""
    code = visit.path("code")
    visit.see(code)
    with visit.house.database.reading("reading a station") as cursor:
        rows = page_rows.latest(cursor, code, visit.now)
    return visit.render("parts/latest.html", {
        "latest": rows, "parameters": {r.parameter: names_of(r.parameter) for r in rows},
    })  # fmt: skip


def trend(visit: Visit) -> Response:
    """Return a curve of a sensor."""
    code, period = visit.path("code"), _period(visit)
    visit.see(code)
    with visit.house.database.reading("reading a trend") as cursor:
        parameter = visit.request.query_params.get("parameter", "")
        rows, limits = station_rows.trend(
            cursor, code, parameter, since=period.since, until=period.until, width=period.width
        )
    return JSONResponse(columns(rows, [(a, b, c, d) for a, b, c, d in limits], period))


def why(visit: Visit) -> Response:
    """Say why a reading has paged somebody, or why not."""
    code, query = visit.path("code"), visit.request.query_params
    visit.see(code)
    parameter, at = query.get("parameter", "")[:20], visit.now
    if query.get("at"):
        at = local_instant(query["at"])
    with visit.house.database.reading("asking why") as cursor:
        reading, alerts = station_rows.reading_at(cursor, code, parameter, at)
        windows = [] if reading is None else page_rows.windows(cursor, [code], reading.observed_at, visit.now)
    steps = steps_of(reading, alerts, windows, parameter)
    return visit.render("parts/why.html", {"reading": reading, "steps": steps})


def export(visit: Visit) -> Response:
    """Return readings as CSV, as they are stored."""
    code, period = visit.path("code"), _period(visit)
    visit.see(code)
    parameter = visit.request.query_params.get("parameter", "")
    with visit.house.database.reading("exporting readings") as cursor:
        rows = station_rows.export(cursor, code, parameter, since=period.since, until=period.until, limit=MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        raise WebError(413, "Khoảng thời gian quá dài; hãy chọn ngắn hơn.", "Too many readings: choose a shorter time.")
    name = f"{code}-{period.since.astimezone(VIETNAM):%Y%m%d%H%M}-{period.until.astimezone(VIETNAM):%Y%m%d%H%M}.csv"
    return Response(
        "\ufeff" + as_csv(rows),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def as_csv(rows: Iterable[tuple[object, ...]]) -> str:
    """Return readings as a table for spreadsheets; no cell begins with what they take for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("observed_at", "received_at", "parameter", "value", "status", "flag", "late", "reasons"))
    for observed, received, parameter, value, status, flag, late, reasons in rows:
        writer.writerow((
            _local(observed), _local(received), _cell(parameter), "" if value is None else repr(value), _cell(status),
            flag, int(bool(late)), _cell(" ".join(reasons)) if isinstance(reasons, list) else "",
        ))  # fmt: skip
    return text.getvalue()


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _local(value: object) -> str:
    return value.astimezone(VIETNAM).isoformat() if isinstance(value, datetime) else ""


def clock_of(
    described: Station | None,
    rows: Iterable[LatestRow],
    sums: dict[str, tuple[float, int, float | None]],
    today: datetime,
    now: datetime,
) -> list[tuple[LatestRow, float | None, float | None, Outlook]]:
    """Return the compliance clock: sensor, mean of today so far, level of the last hour, outlook."""
    found = []
    for row in rows:
        sensor = None if described is None else described.sensor_of.get(row.parameter)
        if sensor is None or row.maximum is None or row.minimum is not None or row.parameter not in sums:
            continue
        total, count, level = sums[row.parameter]
        day = DaySoFar(today, now, total, count, sensor.cadence_s, row.maximum)
        found.append((row, day.mean, level, outlook(day, level)))
    return found


def _period(visit: Visit) -> Period:
    query = visit.request.query_params
    period = period_of(query.get("hours", ""), query.get("since", ""), query.get("until", ""), visit.now)
    if period is None:
        raise WebError(400, "Khoảng thời gian không hợp lệ.", "This is no period of up to 400 days.")
    return period


ROUTES = [
    page("/stations/{code}", station),
    page("/stations/{code}/latest", latest),
    page("/stations/{code}/trend.json", trend),
    page("/stations/{code}/why", why),
    page("/stations/{code}/readings.csv", export),
]

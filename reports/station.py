"""The report of one station's day or month. Pure: the same facts give the same document."""

from __future__ import annotations

from quantrac.domain.stations import Station
from reports.document import Document, Table, Text
from reports.facts import Facts
from reports.formats import in_both, number
from reports.notes import notes
from reports.period import PeriodKind
from reports.tables.decisions import decisions
from reports.tables.events import alerts, revisions, silences, statuses
from reports.tables.exceedances import exceedances
from reports.tables.flows import flows
from reports.tables.measured import means, summary
from reports.tables.outlook import clock
from reports.tables.reception import reception
from reports.tables.water_quality import water_quality
from reports.words import STATION_KIND

_TITLES = {
    PeriodKind.DAY: Text("Báo cáo quan trắc tự động trong ngày", "Daily report of automatic monitoring"),
    PeriodKind.MONTH: Text("Báo cáo quan trắc tự động trong tháng", "Monthly report of automatic monitoring"),
}


def station_report(facts: Facts) -> Document:
    """Return the report of a station."""
    station = facts.station
    tables: tuple[Table | None, ...] = (
        summary(facts),
        clock(facts),
        exceedances(facts),
        flows(facts),
        water_quality(facts),
        reception(facts),
        means(facts),
        statuses(facts),
        silences(facts),
        alerts(facts),
        decisions(facts),
        revisions(facts),
    )
    return Document(
        title=_TITLES[facts.period.kind],
        subject=Text(f"{station.name_vi} ({station.code})", f"{station.name_en} ({station.code})"),
        period=facts.period.words,
        as_of=facts.as_of,
        facts=_described(station),
        notes=notes(facts),
        tables=tuple(table for table in tables if table is not None),
        file_stem=f"{station.code}_{facts.period.stem}",
    )


def _described(station: Station) -> tuple[tuple[Text, str], ...]:
    kind = STATION_KIND[station.kind]
    found = [
        (Text("Loại nước", "Water"), in_both(kind)),
        (Text("Đơn vị vận hành", "Operator"), station.operator),
    ]
    if station.park:
        found.append((Text("Khu, cụm công nghiệp", "Industrial park"), station.park))
    if station.limit_set:
        coefficients = f"Kq {number(station.kq).vi}, Kf {number(station.kf).vi}"
        found.append(
            (Text("Quy chuẩn trong hồ sơ", "Standard in the description"), f"{station.limit_set}, {coefficients}")
        )
    return tuple(found)

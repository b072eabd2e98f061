"""VN_WQI of a hot spot, by hour of a day or by day of a month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from quantrac.domain.report_rows import HourRow
from quantrac.domain.stations import StationKind
from reports import words
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts, mean_of
from reports.period import PeriodKind
from reports.wqi import LEAST_GROUPS, SOURCE, Wqi, vn_wqi

_MG_PER_L = {"mg/l", "mg/l as n", "mg/l as p", "mg n/l", "mg p/l", "g/m3"}
_UNITS = {"pH": {"", "-", "ph"}, "Temp": {"°c", "oc", "c"}, "Coliform": {"mpn/100ml"}, "Ecoli": {"mpn/100ml"}}
"""Units, in lower case, in which the index takes a parameter; every other one is taken in mg/L."""


def water_quality(facts: Facts) -> Table | None:
    """Return the index and each parameter's own; ``None`` for a station that watches effluent."""
    if facts.station.kind is not StationKind.SURFACE_WATER:
        return None
    found = _windows(facts)
    columns = tuple(dict.fromkeys(p for _, wqi in found for p in wqi.indices))
    hourly = facts.period.kind is PeriodKind.DAY
    return Table(
        code="wqi",
        title=Text("Chỉ số chất lượng nước VN_WQI", "Water quality index VN_WQI"),
        columns=(
            Column(words.HOUR, Kind.INSTANT) if hourly else Column(words.DAY, Kind.DAY),
            Column(Text("VN_WQI", "VN_WQI"), Kind.NUMBER),
            Column(Text("Mức", "Level")),
            *(Column(Text(f"WQI {p}", f"WQI {p}"), Kind.NUMBER) for p in columns),
            Column(Text("Vì sao không tính được", "Why not computable")),
        ),
        rows=tuple(_row(start, wqi, columns) for start, wqi in found),
        origin=_origin(facts.options.least_wqi_groups),
    )


def index(facts: Facts, hours: Iterable[HourRow], span_h: int) -> Wqi:
    """Return the index of ``span_h`` hours, from the parameters with a valid mean in a unit that it takes."""
    of: dict[str, list[HourRow]] = {}
    for row in hours:
        of.setdefault(row.parameter, []).append(row)
    valid = {
        parameter: mean_of(rows)
        for parameter, rows in of.items()
        if sum(facts.covered(row) for row in rows) >= facts.options.minimum_completeness * span_h
        and takes(parameter, facts.unit(parameter))
    }
    return vn_wqi({p: mean for p, mean in valid.items() if mean is not None}, facts.options.least_wqi_groups)


def takes(parameter: str, unit: str) -> bool:
    """Whether the index takes a parameter in a unit; in another one it would be a wrong number.

    >>> takes("NH4", "mg/L"), takes("NH4", "mg/L as NH4"), takes("pH", "")
    (True, False, True)
    """
    return unit.strip().lower() in _UNITS.get(parameter, _MG_PER_L)


def _windows(facts: Facts) -> list[tuple[date | datetime, Wqi]]:
    """Return the hours of a day, and then the day itself; or the days of a month."""
    days: list[tuple[date | datetime, Wqi]] = [(day, index(facts, _of_day(facts, day), 24)) for day in facts.days]
    if facts.period.kind is PeriodKind.MONTH:
        return days
    hours: dict[datetime, list[HourRow]] = {}
    for row in sorted(facts.rows.hours, key=lambda r: r.start):
        hours.setdefault(row.start, []).append(row)
    return [*((start, index(facts, rows, 1)) for start, rows in hours.items()), *days]


def _of_day(facts: Facts, day: date) -> Iterable[HourRow]:
    for parameter in facts.parameters:
        yield from facts.hours_of.get((parameter, day), ())


def _row(start: date | datetime, wqi: Wqi, columns: Iterable[str]) -> tuple[Value, ...]:
    level = wqi.level
    return (
        start,
        wqi.value,
        None if level is None else Text(level.name_vi, level.name_en),
        *(wqi.indices.get(parameter) for parameter in columns),
        Text(wqi.reason_vi, wqi.reason_en) if wqi.reason_vi else None,
    )


def _origin(least_groups: int) -> Text:
    vi = f"{SOURCE}, từ trung bình hợp lệ; cần ít nhất {least_groups}/5 nhóm thông số, nhóm IV ít nhất 3 thông số."
    en = f"{SOURCE}, from valid means; at least {least_groups} of 5 groups, of group IV at least 3 parameters."
    if least_groups < LEAST_GROUPS:
        vi += f" Quyết định đòi hỏi {LEAST_GROUPS} nhóm: giá trị ở đây chỉ để tham khảo."
        en += f" The decision demands {LEAST_GROUPS} groups: values here are indicative only."
    return Text(vi, en)

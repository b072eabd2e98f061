"""Volume discharged and load of each day: flow times time, flow times concentration, hour by hour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date

from quantrac.domain.report_rows import HourRow
from reports import words
from reports.document import Column, Kind, Table, Text, Value
from reports.facts import Facts, mean_of

FLOW, FLOW_IN = "Flow", "Flow_in"
_M3_PER_H = {"m3/h": 1.0, "m³/h": 1.0, "m3/d": 1 / 24, "m³/d": 1 / 24, "m3/ngày": 1 / 24, "m³/ngày": 1 / 24, "l/s": 3.6}
_MG_PER_L = {"mg/l", "mg/l as n", "mg/l as p", "g/m3", "g/m³"}


def flows(facts: Facts) -> Table | None:
    """Return volume and loads of each day and of the period; ``None`` for a station without a flow meter."""
    if not any(_flow_factor(facts, meter) for meter in (FLOW, FLOW_IN)):
        return None
    loaded = tuple(p for p in facts.parameters if facts.unit(p).lower() in _MG_PER_L)
    days = [_day(facts, day, loaded) for day in facts.days]
    rows: list[tuple[Value, ...]] = [(day, *values) for day, values in zip(facts.days, days, strict=True)]
    if len(days) > 1:
        rows.append((Text("Cộng", "Total"), *_total(days)))
    return Table(
        code="flows",
        title=Text("Lưu lượng và tải lượng", "Flow volume and load"),
        columns=(
            Column(words.DAY, Kind.DAY),
            Column(Text("Thể tích vào (m³)", "Volume in (m³)"), Kind.NUMBER, 4, "m³"),
            Column(Text("Thể tích xả (m³)", "Volume discharged (m³)"), Kind.NUMBER, 4, "m³"),
            Column(Text("Giờ có lưu lượng", "Hours of flow data"), Kind.NUMBER, 3, "h"),
            Column(Text("Cho phép (m³/ngày)", "Permitted (m³/day)"), Kind.NUMBER, 6, "m³/d"),
            *(Column(Text(f"{p} (kg)", f"{p} (kg)"), Kind.NUMBER, 4, "kg") for p in loaded),
        ),
        rows=tuple(rows),
        origin=Text(
            "Thể tích: Σ trung bình giờ của lưu lượng × phần giờ có số liệu hợp lệ; không bù phần thiếu. Tải lượng: "
            "Σ thể tích giờ × trung bình giờ của nồng độ, chỉ những giờ có cả hai. Cho phép: giấy phép trong hồ sơ "
            "trạm.",
            "Volume: Σ hourly mean flow × part of the hour with usable data; what is missing is not filled. Load: Σ "
            "hourly volume × hourly mean concentration, hours that have both. Permitted: the permit in the station's "
            "description.",
        ),
    )


def _day(facts: Facts, day: date, loaded: Sequence[str]) -> list[float | None]:
    volumes = _volumes(facts, FLOW, day)
    return [
        _sum(volume for _, volume in _volumes(facts, FLOW_IN, day)),
        _sum(volume for _, volume in volumes),
        math.fsum(facts.covered(row) for row, _ in volumes) if volumes else None,
        facts.station_on(day).permit_flow_m3_per_day,
        *(_load_kg(facts, parameter, day, volumes) for parameter in loaded),
    ]


def _volumes(facts: Facts, meter: str, day: date) -> list[tuple[HourRow, float]]:
    """Return each hour of a flow meter with its volume in m³."""
    factor = _flow_factor(facts, meter)
    if factor is None:
        return []
    found = []
    for row in facts.hours_of.get((meter, day), ()):
        mean = mean_of((row,))
        if mean is not None:
            found.append((row, mean * factor * facts.covered(row)))
    return found


def _load_kg(facts: Facts, parameter: str, day: date, volumes: Iterable[tuple[HourRow, float]]) -> float | None:
    concentration = {row.start: mean_of((row,)) for row in facts.hours_of.get((parameter, day), ())}
    loads = []
    for row, volume in volumes:
        mean = concentration.get(row.start)
        if mean is not None:
            loads.append(volume * mean / 1000)
    return _sum(loads)


def _total(days: Sequence[Sequence[float | None]]) -> list[float | None]:
    sums = [_sum(v for v in column if v is not None) for column in zip(*days, strict=True)]
    sums[3] = None  # a permit is of a day
    return sums


def _flow_factor(facts: Facts, meter: str) -> float | None:
    """Return the factor to m³/h; ``None`` when there is no such meter or its unit is not known."""
    return _M3_PER_H.get(facts.unit(meter).lower()) if meter in facts.parameters else None


def _sum(values: Iterable[float]) -> float | None:
    found = tuple(values)
    return math.fsum(found) if found else None

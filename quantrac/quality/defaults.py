"""Thresholds for a sensor whose registry entry gives none: by parameter, kind of water and cadence.

Resolution and response time: TT 10/2021/TT-BTNMT, Đ.34 (effluent) and the table of automatic surface-water stations.
Ranges are design, not law. They are wide on purpose: a flag takes a reading out of averages and alerts, so a range or a
rate that a real pollution slug could break would silence the alarm for which the station stands there. Only what no
effluent and no probe can show is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from quantrac.domain.stations import QcThresholds, Sensor, StationKind

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Default:
    """One parameter: bounds of instrument and plausibility, largest step between neighbours, windows in hours."""

    resolution: float
    sensor: tuple[float | None, float | None]
    expected: tuple[float | None, float | None]
    max_step: float | None = None
    flat_h: tuple[float | None, float | None] = (None, None)


# Probes answer within seconds: the same figure to the last digit for an hour is a stuck probe or a frozen logger.
_PROBE_FLAT_H = (1.0, 6.0)
# A temperature of 0.1 °C resolution may rest for an hour in a large basin.
_CALM_FLAT_H = (2.0, 12.0)
# Analysers give a new value every 15 to 30 minutes and the file repeats it: four hours are eight measurements or more.
_ANALYSER_FLAT_H = (4.0, 24.0)

# Steps: an analyser shows a slug as one step between two of its measurements, from clean to full scale, and a probe
# shows an acid slug as pH 7 to 3 within seconds. So the largest step is nearly the plausible range, and what it catches
# are transmission and conversion errors (a lost decimal point), not pollution.
_EFFLUENT = {
    "Flow": _Default(0.01, (-1.0, None), (0.0, 50_000.0)),  # rests at 0 while nothing is discharged: no flat line
    "Temp": _Default(0.1, (-5.0, 110.0), (5.0, 80.0), 30.0, _CALM_FLAT_H),
    "pH": _Default(0.1, (0.0, 14.0), (0.5, 13.5), 8.0, _PROBE_FLAT_H),
    "Color": _Default(1.0, (-5.0, 20_000.0), (0.0, 10_000.0), 8_000.0, _ANALYSER_FLAT_H),
    "TSS": _Default(0.1, (-5.0, 20_000.0), (0.0, 10_000.0), 8_000.0, _PROBE_FLAT_H),
    "COD": _Default(0.5, (-5.0, 20_000.0), (0.0, 10_000.0), 8_000.0, _ANALYSER_FLAT_H),
    "TOC": _Default(0.1, (-2.0, 10_000.0), (0.0, 5_000.0), 4_000.0, _ANALYSER_FLAT_H),
    "NH4": _Default(0.2, (-1.0, 2_000.0), (0.0, 1_000.0), 800.0, _ANALYSER_FLAT_H),
    "TN": _Default(0.1, (-1.0, 3_000.0), (0.0, 1_500.0), 1_200.0, _ANALYSER_FLAT_H),
    "TP": _Default(0.1, (-0.5, 500.0), (0.0, 250.0), 200.0, _ANALYSER_FLAT_H),
    "Cl": _Default(0.1, (-0.5, 100.0), (0.0, 50.0), 40.0),  # below detection for days where no chlorine is used
    "DO": _Default(0.1, (-0.5, 50.0), (0.0, 30.0), 25.0),  # rests at 0 in anoxic water
    "COND": _Default(1.0, (-10.0, 200_000.0), (0.0, 100_000.0), 80_000.0, _PROBE_FLAT_H),
    "TURB": _Default(0.1, (-1.0, 10_000.0), (0.0, 5_000.0), 4_000.0, _PROBE_FLAT_H),
    "NO3": _Default(0.1, (-1.0, 2_000.0), (0.0, 1_000.0), 800.0, _ANALYSER_FLAT_H),
    "PO4": _Default(0.1, (-0.5, 500.0), (0.0, 250.0), 200.0, _ANALYSER_FLAT_H),
}

# A river dilutes, so its plausible range is narrower; a slug that passes is still far within it.
_SURFACE = _EFFLUENT | {
    "Temp": _Default(0.1, (-5.0, 80.0), (5.0, 60.0), 30.0, _CALM_FLAT_H),
    "pH": _Default(0.1, (0.0, 14.0), (2.0, 12.0), 6.0, _PROBE_FLAT_H),
    "TSS": _Default(0.1, (-5.0, 10_000.0), (0.0, 5_000.0), 4_000.0, _PROBE_FLAT_H),
    "COD": _Default(0.5, (-5.0, 5_000.0), (0.0, 2_000.0), 1_500.0, _ANALYSER_FLAT_H),
    "NH4": _Default(0.2, (-1.0, 500.0), (0.0, 250.0), 200.0, _ANALYSER_FLAT_H),
}

_TABLES = {StationKind.EFFLUENT: _EFFLUENT, StationKind.SURFACE_WATER: _SURFACE}
_SAME_AS = {"FlowIn": "Flow", "FlowOut": "Flow", "Flow_In": "Flow", "Flow_Out": "Flow", "NO3-N": "NO3", "PO4-P": "PO4"}


def default_thresholds(parameter: str, kind: StationKind, cadence_s: float = 300.0) -> QcThresholds:
    """Return the thresholds of a parameter by its canonical code, in the unit of TT 10/2021 (mg/L, °C, m³/h, Pt-Co).

    All tests are off for a parameter that the table does not have. The largest step is one between neighbours, so the
    rate is that step over the cadence.
    """
    row = _TABLES[kind].get(_SAME_AS.get(parameter, parameter))
    if row is None:
        return QcThresholds()
    suspect_h, bad_h = row.flat_h
    return QcThresholds(
        sensor_min=row.sensor[0],
        sensor_max=row.sensor[1],
        expected_min=row.expected[0],
        expected_max=row.expected[1],
        max_rate_per_s=None if row.max_step is None else row.max_step / cadence_s,
        flat_line_suspect_s=None if suspect_h is None else suspect_h * _HOUR_S,
        flat_line_bad_s=None if bad_h is None else bad_h * _HOUR_S,
        resolution=row.resolution,
    )


def thresholds_of(sensor: Sensor, kind: StationKind) -> QcThresholds:
    """Return a sensor's own thresholds, and the defaults where its registry entry has none.

    A default never contradicts an entry: an instrument that is expected to show more than the default range can. For a
    unit other than that of TT 10/2021 the defaults give the windows of the flat line alone.
    """
    own = sensor.qc
    base = default_thresholds(sensor.parameter, kind, sensor.cadence_s)
    if not _in_usual_unit(sensor):
        base = QcThresholds(flat_line_suspect_s=base.flat_line_suspect_s, flat_line_bad_s=base.flat_line_bad_s)
    given = {f.name: getattr(own, f.name) for f in fields(own) if getattr(own, f.name) not in {None, 0.0}}
    given |= {name: getattr(own, name) for name in _BOUNDS if getattr(own, name) is not None}
    merged = replace(base, **given)
    return replace(
        merged,
        sensor_min=merged.sensor_min if own.sensor_min is not None else _lower(merged.sensor_min, own.expected_min),
        sensor_max=merged.sensor_max if own.sensor_max is not None else _upper(merged.sensor_max, own.expected_max),
    )


_BOUNDS = ("sensor_min", "sensor_max", "expected_min", "expected_max")
_USUAL_UNITS = {
    "Flow": {"m3/h", "m³/h"},
    "Temp": {"°c", "oc"},
    "pH": {"", "ph"},
    "Color": {"pt-co"},
    "COND": {"us/cm", "µs/cm", "μs/cm"},
    "TURB": {"ntu", "fnu"},
}


def _in_usual_unit(sensor: Sensor) -> bool:
    code = _SAME_AS.get(sensor.parameter, sensor.parameter)
    return sensor.unit.casefold().replace("μ", "µ") in {
        unit.replace("μ", "µ") for unit in _USUAL_UNITS.get(code, {"mg/l"})
    }


def _lower(bound: float | None, other: float | None) -> float | None:
    return bound if bound is None or other is None else min(bound, other)


def _upper(bound: float | None, other: float | None) -> float | None:
    return bound if bound is None or other is None else max(bound, other)

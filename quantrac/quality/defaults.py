"""Thresholds for a sensor whose registry entry gives none: by parameter, kind of water, cadence and unit.

Ranges are design, not law. They are wide on purpose: a flag takes a reading out of averages and alerts, so a range or a
rate that a real pollution slug could break would silence the alarm for which the station stands there. Only what no
effluent and no probe can show is flagged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from quantrac.domain.parameters import Bounds, Instrument, Parameter, parameter_of
from quantrac.domain.stations import QcThresholds, StationKind
from quantrac.domain.units import unit_factor

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class _Plausible:
    """What a water can show, in the parameter's usual unit: values, and the largest step between neighbours.

    ``instrument`` is what instruments for this water report at all, where that is less than the parameter's range.
    """

    expected: Bounds
    max_step: float | None = None
    instrument: Bounds | None = None


# Steps: an analyser shows a slug as one step between two of its measurements, from clean to full scale, and a probe
# shows an acid slug as pH 7 to 3 within seconds. So the largest step is nearly the plausible range, and what it catches
# are transmission and conversion errors (a lost decimal point), not pollution.
_EFFLUENT = {
    "Flow": _Plausible((0.0, 50_000.0)),
    "Temp": _Plausible((5.0, 80.0), 30.0),
    "pH": _Plausible((0.5, 13.5), 8.0),
    "Color": _Plausible((0.0, 10_000.0), 8_000.0),
    "TSS": _Plausible((0.0, 10_000.0), 8_000.0),
    "COD": _Plausible((0.0, 10_000.0), 8_000.0),
    "TOC": _Plausible((0.0, 5_000.0), 4_000.0),
    "NH4": _Plausible((0.0, 1_000.0), 800.0),
    "TN": _Plausible((0.0, 1_500.0), 1_200.0),
    "TP": _Plausible((0.0, 250.0), 200.0),
    "Cl": _Plausible((0.0, 50.0), 40.0),
    "Chloride": _Plausible((0.0, 50_000.0), 40_000.0),  # sea water has 19,000 mg/L, brine more
    "DO": _Plausible((0.0, 30.0), 25.0),
    "COND": _Plausible((0.0, 100_000.0), 80_000.0),
    "TURB": _Plausible((0.0, 5_000.0), 4_000.0),
    "NO3": _Plausible((0.0, 1_000.0), 800.0),
    "PO4": _Plausible((0.0, 250.0), 200.0),
}

# A river dilutes, so its plausible range is narrower; a slug that passes is still far within it.
_SURFACE = _EFFLUENT | {
    "Temp": _Plausible((5.0, 60.0), 30.0, (-5.0, 80.0)),
    "pH": _Plausible((2.0, 12.0), 6.0),
    "TSS": _Plausible((0.0, 5_000.0), 4_000.0, (-5.0, 10_000.0)),
    "COD": _Plausible((0.0, 2_000.0), 1_500.0, (-5.0, 5_000.0)),
    "NH4": _Plausible((0.0, 250.0), 200.0, (-1.0, 500.0)),
    "Coliform": _Plausible((0.0, 5_000_000.0), 4_000_000.0),
}

_TABLES = {StationKind.EFFLUENT: _EFFLUENT, StationKind.SURFACE_WATER: _SURFACE}

# After how many hours of the same figure a sensor is suspect, and bad.
_FLAT_H = {
    # Probes answer within seconds: the same figure to the last digit for an hour is a stuck probe or a frozen logger.
    Instrument.PROBE: (1.0, 6.0),
    # Analysers give a new value every 15 to 30 minutes and the file repeats it: four hours are eight measurements or
    # more. The faster ones have the same window: what they measure moves as slowly.
    Instrument.ANALYSER: (4.0, 24.0),
    Instrument.WET_CHEMISTRY: (4.0, 24.0),
}
_CALM_FLAT_H = {"Temp": (2.0, 12.0)}
"""A temperature of 0.1 °C resolution may rest for an hour in a large basin."""
_RESTING = frozenset({"Flow", "Cl", "DO"})
"""No flat line: at 0 while nothing is discharged, where no chlorine is used, in anoxic water."""

_AS_WIDE = {"fnu": "NTU", "ftu": "NTU"}
"""Units that no factor leads to, of the same size for what is plausible: other light sources for turbidity."""


def default_thresholds(
    parameter: str, kind: StationKind, cadence_s: float = 300.0, unit: str | None = None
) -> QcThresholds:
    """Return the thresholds of a parameter, in ``unit``; without one in the parameter's usual unit.

    All tests are off for a parameter that the table does not have. The largest step is one between neighbours, so the
    rate is that step over the cadence. A unit into which no certain conversion is known leaves the flat line alone.

    >>> qc = default_thresholds("NH4", StationKind.EFFLUENT, unit="µg/L")
    >>> qc.expected_max, qc.resolution, default_thresholds("NH4", StationKind.EFFLUENT, unit="ppm").expected_max
    (1000000.0, 200.0, None)
    """
    known = parameter_of(parameter)
    row = None if known is None else _TABLES[kind].get(known.code)
    if known is None or row is None:
        return QcThresholds()
    flat = _flat_line(known)
    factor = 1.0 if not unit else unit_factor(known.unit, _AS_WIDE.get(unit.casefold(), unit), known.code)
    if factor is None:
        return flat
    sensor_min, sensor_max = (_scaled(bound, factor) for bound in row.instrument or known.range)
    expected_min, expected_max = (_scaled(bound, factor) for bound in row.expected)
    return replace(
        flat,
        sensor_min=sensor_min,
        sensor_max=sensor_max,
        expected_min=expected_min,
        expected_max=expected_max,
        max_rate_per_s=None if row.max_step is None else row.max_step * factor / cadence_s,
        resolution=_scaled(known.resolution, factor) or 0.0,
    )


def _flat_line(parameter: Parameter) -> QcThresholds:
    if parameter.code in _RESTING:
        return QcThresholds()
    suspect_h, bad_h = _CALM_FLAT_H.get(parameter.code, _FLAT_H[parameter.instrument])
    return QcThresholds(flat_line_suspect_s=suspect_h * _HOUR_S, flat_line_bad_s=bad_h * _HOUR_S)


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else float(f"{value * factor:.12g}")

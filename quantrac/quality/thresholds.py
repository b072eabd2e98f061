"""Thresholds of the quality tests as TOML: what an author gives, completed by the defaults of the parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from quantrac.domain.stations import QcThresholds
from quantrac.tomltable import Table

_KEYS = tuple(f.name for f in fields(QcThresholds))
_POSITIVE = frozenset({"max_rate_per_s", "flat_line_suspect_s", "flat_line_bad_s"})

_IN_ORDER = (
    # (low, high, whether they may be equal)
    ("sensor_min", "sensor_max", False),
    ("expected_min", "expected_max", False),
    ("sensor_min", "expected_min", True),
    ("expected_max", "sensor_max", True),
    ("sensor_min", "expected_max", False),
    ("expected_min", "sensor_max", False),
    ("flat_line_suspect_s", "flat_line_bad_s", True),
)


def read_thresholds(table: Table, default: QcThresholds) -> QcThresholds:
    """Return the thresholds of a ``qc`` table.

    A key that is absent takes the default, unless that contradicts what the table says; ``false`` switches a threshold
    off.

    Raises
    ------
    RuleError
        An unknown key, a value of the wrong type, or bounds the wrong way round.
    """
    table.refuse_unknown(_KEYS)
    own = {key: None if table.values[key] is False else _number(table, key) for key in _KEYS if key in table.values}
    wrong = _reversed(own)
    if wrong is not None:
        low, high, equal = wrong
        relation = "must not be above" if equal else "must be below"
        problem = f"is {own[low]:g} and {high} is {own[high]:g}; {low} {relation} {high}."
        raise table.error(low, problem)
    values = dict(own)
    for key in _KEYS:
        if key not in own and _reversed(values | {key: getattr(default, key)}) is None:
            values[key] = getattr(default, key)
    resolution = values.pop("resolution", None) or 0.0
    return QcThresholds(**values, resolution=resolution)


def _number(table: Table, key: str) -> float:
    if key in _POSITIVE:
        return table.positive(key)
    value = table.number(key)
    if key == "resolution" and value < 0:
        raise table.error(key, f"is {value:g}; it must be 0 (unknown) or more.")
    return value


def _reversed(values: Mapping[str, float | None]) -> tuple[str, str, bool] | None:
    """Return the first pair of bounds that is the wrong way round."""
    for low_key, high_key, equal in _IN_ORDER:
        low, high = values.get(low_key), values.get(high_key)
        if low is not None and high is not None and (low > high or (low == high and not equal)):
            return low_key, high_key, equal
    return None

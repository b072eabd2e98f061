"""What a logger reported of a row, and what of it may be judged."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import NamedTuple

import numpy as np

from models.protocol import Row
from models.series import Floats
from models.slow.finding import CODES, FAULT, Statuses
from models.station.charts import IMPLAUSIBLE

_BAD = 4
"""QARTOD flag from which a value is refused."""


class Reported(NamedTuple):
    """One row by the parameters of a station, in their order."""

    usable: list[float]
    """What may be judged; NaN for what is missing, refused, implausible or not measuring."""
    odd: list[list[float]]
    """What was reported where it is not usable: number of the parameter, value, code of the status."""
    absent: list[int]
    """Numbers of the parameters that the row does not name."""
    calibrating: list[str]
    faulty: list[str]
    """Status 02, or refused by quality control while not calibrating."""


def reported(row: Row, parameters: Sequence[str]) -> Reported:
    """Return what a row says of each parameter."""
    out = Reported([], [], [], [], [])
    values, flags, statuses = row.values, row.flags, row.statuses
    for j, parameter in enumerate(parameters):
        if parameter not in values:
            out.absent.append(j)
            out.usable.append(nan)
            continue
        value, status, refused = values[parameter], statuses.get(parameter, "00"), flags.get(parameter, 1) >= _BAD
        if status == "00" and not refused and value is not None and abs(value) < IMPLAUSIBLE:
            out.usable.append(float(value))
            continue
        out.usable.append(nan)
        code = CODES.get(status, FAULT)
        if code or not (value is None or isnan(value)):
            out.odd.append([j, nan if value is None else float(value), code])
        if status == "01":
            out.calibrating.append(parameter)
        elif status == "02" or refused:
            out.faulty.append(parameter)
    return out


def as_reported(judged: Floats, odd: Sequence[Sequence[float]]) -> tuple[Floats, Statuses]:
    """Return values and codes of statuses as the logger reported them, from what is judged and the exceptions."""
    values, codes = judged.copy() if odd else judged, np.zeros(len(judged), dtype=np.int8)
    for j, value, code in odd:
        values[int(j)], codes[int(j)] = value, int(code)
    return values, codes

"""Gross range: values that the instrument cannot report, or that are not plausible at this place."""

from __future__ import annotations

from quantrac.domain.readings import Flag, QcReason
from quantrac.domain.stations import QcThresholds
from quantrac.quality.protocol import QualityTest, State, TestLimits


def range_flag(value: float, qc: QcThresholds) -> Flag:
    """Return the flag of one value; the bounds themselves are good.

    ``BAD`` outside ``sensor_min``..``sensor_max``, ``SUSPECT`` outside ``expected_min``..``expected_max``,
    ``NOT_EVALUATED`` for NaN or without any threshold. Source: QARTOD, Test 4 (Gross Range Test).

    >>> qc = QcThresholds(sensor_min=0, sensor_max=14, expected_min=4, expected_max=10)
    >>> [range_flag(v, qc).name for v in (14.1, 14.0, 10.0, 3.9, -0.1)]
    ['BAD', 'SUSPECT', 'GOOD', 'SUSPECT', 'BAD']
    """
    sensor_min, sensor_max = qc.sensor_min, qc.sensor_max
    low, high = qc.expected_min, qc.expected_max
    if (sensor_min is not None and value < sensor_min) or (sensor_max is not None and value > sensor_max):
        return Flag.BAD
    if (low is not None and value < low) or (high is not None and value > high):
        return Flag.SUSPECT
    if value != value or (sensor_min is None and sensor_max is None and low is None and high is None):  # noqa: PLR0124
        return Flag.NOT_EVALUATED  # NaN alone differs from itself: a third of the cost of math.isnan
    return Flag.GOOD


def step(state: State, observed_s: float, value: float, received_s: float, limits: TestLimits) -> tuple[Flag, State]:
    """Return the flag of one reading; the test has no memory. See :func:`range_flag`."""
    del observed_s, received_s
    return range_flag(value, limits.qc), state


TEST = QualityTest("gross_range", (QcReason.RANGE_SENSOR, QcReason.RANGE_EXPECTED), step)

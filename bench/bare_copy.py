"""The bare limit: binary COPY straight into the hypertable of the readings."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import psycopg

ROWS_PER_COPY = 4000
"""As many rows as one full batch of a worker."""
STATION = "BENCH_COPY"
_TYPES = ["text", "text", "timestamptz", "timestamptz", "float8", "text", "int2", "bool", "int4", "int8"]


def copy_rows_per_s(conninfo: str, seconds: float) -> float:
    """Return the rows per second of binary COPY as the owner, one COMMIT for each ``ROWS_PER_COPY`` rows."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    copied, began = 0, time.perf_counter()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while time.perf_counter() - began < seconds:
            with connection.cursor().copy(
                "COPY readings (station, parameter, observed_at, received_at, value, status, flag, late,"
                " raw_partition, raw_offset) FROM STDIN (FORMAT BINARY)"
            ) as copy:
                copy.set_types(_TYPES)
                for number in range(copied, copied + ROWS_PER_COPY):
                    at = start + timedelta(seconds=number // 10)
                    copy.write_row((STATION, f"P{number % 10}", at, at, 1.5, "00", 1, False, 0, number))
            copied += ROWS_PER_COPY
        elapsed = time.perf_counter() - began
        connection.execute("DELETE FROM readings WHERE station = %s", (STATION,))
    return copied / elapsed

"""Writing a station file of TT 10/2021/TT-BTNMT, Phụ lục 15, from readings: what another authority's software takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from quantrac.domain.readings import Reading
from quantrac.domain.stations import VIETNAM

_PLAIN = str.maketrans("°³²µμ", "o32uu")
"""Letters of units that no known file of a logger has."""


def file_of(readings: Iterable[Reading], units: Mapping[str, str]) -> tuple[str, bytes]:
    r"""Return the name and the bytes of one station's file: a line per reading, by time, then in the order given.

    ``units`` are the registry's, by parameter, written as loggers write them (m3/h, oC, uS/cm). Lines end with CRLF, as
    in files of loggers in use. A reading without a value has an empty one. The name bears the newest instant.

    >>> from datetime import UTC, datetime
    >>> from quantrac.domain.readings import Status
    >>> at = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
    >>> name, content = file_of([Reading("DT_A", "COD", at, at, 58.0, Status.MEASURING)], {"COD": "mg/L"})
    >>> name, content
    ('DT_A_20261123100500.txt', b'COD\t58\tmg/L\t20261123100500\t00\r\n')
    """
    lines = sorted(readings, key=lambda reading: reading.observed_at)
    text = "".join(
        f"{r.parameter}\t{_number(r.value)}\t{units.get(r.parameter, '').translate(_PLAIN)}\t{_stamp(r)}"
        f"\t{r.status.value}\r\n"
        for r in lines
    )
    return f"{lines[-1].station}_{_stamp(lines[-1])}.txt", text.encode()


def _number(value: float | None) -> str:
    """Write a value so that it reads back as the same number, without an exponent.

    >>> _number(0.1 + 0.2), _number(1e-7), _number(33.0), _number(None)
    ('0.30000000000000004', '0.0000001', '33', '')
    """
    return "" if value is None else f"{Decimal(repr(value)):f}".removesuffix(".0")


def _stamp(reading: Reading) -> str:
    return reading.observed_at.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")

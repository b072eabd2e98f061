"""Station files as four loggers in use write them. Shares no code with the receiving side on purpose.

``qt``: CRLF, folders by station and day. ``python``: LF and no line end at the end, four decimals, an empty value where
the sensor fails, several instants in one file. ``esp32``: semicolons, and 0.00 where a sensor has no value. ``pi``: the
name without ``_`` in folders ``yyyy/ThangMM/yyyyMMdd``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from simulators.messages import Message, Sample

_LOCAL = timezone(timedelta(hours=7))
_INSTANTS_A_FILE = 3


class LoggerStyle(StrEnum):
    """Which logger program is imitated."""

    QT = "qt"
    PYTHON = "python"
    ESP32 = "esp32"
    PI = "pi"


@dataclass(frozen=True, slots=True)
class StationFile:
    """One file: where it goes, below the station's own folder, and what is in it."""

    station: str
    path: str
    content: bytes
    readings: int


def files_of(styles: Mapping[str, LoggerStyle], messages: Iterator[Message]) -> Iterator[StationFile]:
    """Yield the files of a stream of messages, each as soon as its last message is there; ``styles`` by station."""
    held: dict[str, list[Message]] = {}
    for message in messages:
        station = message.station
        group = held.setdefault(station, [])
        group.append(message)
        if len(group) >= (_INSTANTS_A_FILE if styles[station] is LoggerStyle.PYTHON else 1):
            yield station_file(styles[station], held.pop(station))
    for station, group in held.items():
        yield station_file(styles[station], group)


def station_file(style: LoggerStyle, messages: Sequence[Message]) -> StationFile:
    """Return the file that a logger writes of some instants of one station, named after the newest."""
    ordered = sorted(messages, key=lambda m: m.observed_at)
    last = ordered[-1]
    local = last.observed_at.astimezone(_LOCAL)
    line, end = _LINES[style]
    lines = [line(sample, _stamp(m.observed_at)) for m in ordered for sample in m.samples]
    text = end.join(lines) + ("" if style is LoggerStyle.PYTHON else end)
    path = _PATHS[style](last.station, local)
    return StationFile(last.station, path, text.encode(), len(lines))


def _stamp(at: datetime) -> str:
    return at.astimezone(_LOCAL).strftime("%Y%m%d%H%M%S")


def _qt(sample: Sample, stamp: str) -> str:
    value = "" if sample.value is None else f"{sample.value:.2f}"
    return "\t".join((sample.parameter, value, sample.unit or "", stamp, sample.status.value))


def _python(sample: Sample, stamp: str) -> str:
    status = "02" if sample.value is None else sample.status.value
    value = "" if sample.value is None else f"{sample.value:.4f}"
    return "\t".join((sample.parameter, value, sample.unit or "", stamp, status))


def _esp32(sample: Sample, stamp: str) -> str:
    return ";".join((sample.parameter, f"{sample.value or 0.0:.2f}", sample.unit or "", stamp, sample.status.value))


_LINES: Mapping[LoggerStyle, tuple[Callable[[Sample, str], str], str]] = {
    LoggerStyle.QT: (_qt, "\r\n"),
    LoggerStyle.PYTHON: (_python, "\n"),
    LoggerStyle.ESP32: (_esp32, "\r\n"),
    LoggerStyle.PI: (_qt, "\r\n"),
}
_PATHS: Mapping[LoggerStyle, Callable[[str, datetime], str]] = {
    LoggerStyle.QT: lambda code, at: f"{at:%Y/%m/%d}/{code}_{at:%Y%m%d%H%M%S}.txt",
    LoggerStyle.PYTHON: lambda code, at: f"{code}_{at:%Y%m%d%H%M%S}.txt",
    LoggerStyle.ESP32: lambda code, at: f"{code}_{at:%Y%m%d%H%M%S}.txt",
    LoggerStyle.PI: lambda code, at: f"{at:%Y}/Thang{at:%m}/{at:%Y%m%d}/{code}{at:%Y%m%d%H%M%S}.txt",
}

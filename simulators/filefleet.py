"""A fleet of simulated stations whose loggers write files, each when its last instant is due."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from quantrac.clock import Clock
from quantrac.domain.stations import Station
from quantrac.errors import BrokerError, SettingsError
from simulators.atomic import write_atomically
from simulators.filetargets import FileTarget
from simulators.fleet import FleetOptions, fleet_messages
from simulators.labels import TruthLog
from simulators.messages import Message
from simulators.scenario import CALM, Scenario
from simulators.stationfiles import LoggerStyle, StationFile, files_of

REPORT_FILE = "files-report.json"
_TURN_S = 0.2
_PAUSE_S = 1.0
_RECORD_EVERY_S = 0.2


@dataclass(slots=True)
class FileReport:
    """What was written."""

    files: int = 0
    readings: int = 0
    tries_failed: int = 0


def run_file_fleet(
    stations: Sequence[Station],
    styles: Sequence[LoggerStyle],
    target: FileTarget,
    *,
    folder: Path,
    clock: Clock,
    scenario: Scenario | None = None,
    options: FleetOptions | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> FileReport:
    """Write files until the duration is over or ``stop`` says so; what the server does not take is tried again.

    The stations take the styles in turn. While it runs and at its end, ``files-report.json`` in ``folder`` says what
    was written.

    Raises
    ------
    SettingsError
        There is no station.
    """
    if not stations:
        raise SettingsError("There is no station to simulate: run quantrac stations import, or name other stations.")
    started = clock.now()
    scenario = scenario or CALM
    messages = fleet_messages(
        stations,
        scenario,
        options or FleetOptions(),
        events=scenario.bind(stations, started),
        started=started,
        truth=TruthLog(),
    )
    report, recorded_s = FileReport(), float("-inf")
    by_station = {s.code: styles[k % len(styles)] for k, s in enumerate(stations)}
    try:
        for file in files_of(by_station, _due(messages, clock, stop)):
            if not _put(file, target, report, stop):
                break
            if clock.monotonic_s() - recorded_s >= _RECORD_EVERY_S:
                recorded_s = clock.monotonic_s()
                _record(folder, report)
    finally:
        _record(folder, report)
    return report


def _record(folder: Path, report: FileReport) -> None:
    write_atomically(folder / REPORT_FILE, json.dumps(asdict(report)) + "\n")


def _due(messages: Iterator[Message], clock: Clock, stop: Callable[[], bool]) -> Iterator[Message]:
    for message in messages:
        while (wait_s := (message.due_at - clock.now()).total_seconds()) > 0:
            if stop():
                return
            time.sleep(min(wait_s, _TURN_S))
        yield message


def _put(file: StationFile, target: FileTarget, report: FileReport, stop: Callable[[], bool]) -> bool:
    while True:
        try:
            target.put(file)
        except BrokerError:
            report.tries_failed += 1
            if stop():
                return False
            time.sleep(_PAUSE_S)
            continue
        report.files += 1
        report.readings += file.readings
        return not stop()

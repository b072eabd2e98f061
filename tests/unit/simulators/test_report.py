from __future__ import annotations

import json
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantrac.errors import SettingsError
from simulators.atomic import write_atomically
from simulators.fleet import FleetOptions
from simulators.messages import Message, Sample
from simulators.report import PublishReport, write_report
from simulators.stopping import stop_on_signals

AT = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)


def _message(second: int, *, exceeding: tuple[str, ...] = (), duplicate: bool = False) -> Message:
    at = AT + timedelta(seconds=second)
    return Message("A", at, at, (Sample("COD", 1.0, "mg/L"), Sample("pH", 7.0, "")), duplicate, exceeding=exceeding)


def test_published_is_what_was_acknowledged() -> None:
    report = PublishReport(started_at=AT)
    messages = [_message(0), _message(1), _message(1, duplicate=True), _message(2)]
    for message in messages:
        report.generated(message)
    assert (report.published_readings, report.pending_messages, report.pending_readings) == (0, 4, 8)
    report.acknowledged(messages[0], routed=True)
    report.acknowledged(messages[2], routed=False)
    report.refused(messages[1], "Not authorized")
    assert (report.published_messages, report.published_readings) == (2, 4)
    assert (report.pending_messages, report.pending_readings, report.refused_messages) == (1, 2, 1)
    assert (report.duplicate_messages, report.duplicates_injected, report.unrouted_messages) == (1, 2, 1)


def test_first_exceeding_is_the_first_message_of_each_stretch(tmp_path: Path) -> None:
    #  second      0   1   2   3   4   5
    #  exceeding   -   X   X   -   X   -
    report = PublishReport(started_at=AT)
    for second, over in enumerate((False, True, True, False, True, False)):
        report.sent(_message(second, exceeding=("TSS", "COD") if over else ()), AT + timedelta(seconds=second + 0.5))
    path = tmp_path / "run" / "report.json"
    write_report(path, report, AT)
    document = json.loads(path.read_text())
    assert document["first_exceeding"] == {
        "station": "A",
        "parameter": "TSS",
        "parameters": ["TSS", "COD"],
        "observed_at": "2026-11-23T10:05:01+07:00",
        "published_at": "2026-11-23T10:05:01.500+07:00",
    }
    assert [e["observed_at"] for e in document["exceedings"]] == [
        "2026-11-23T10:05:01+07:00",
        "2026-11-23T10:05:04+07:00",
    ]


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_atomically(path, "old")
    write_atomically(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_becomes_a_question(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert not stop()
        os.kill(os.getpid(), number)
        assert stop()
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"rate": 10.0, "cadence": timedelta(seconds=1)}, "--rate or --cadence"),
        ({"rate": 0.0}, "--rate"),
        ({"cadence": timedelta()}, "--cadence"),
    ],
)
def test_options_that_contradict(options: dict[str, object], word: str) -> None:
    with pytest.raises(SettingsError, match=word):
        FleetOptions(**options)  # type: ignore[arg-type]

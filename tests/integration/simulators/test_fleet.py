"""The fleet and the replay on a real broker, with TLS, a user per station and its access list."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from local.servers.mosquitto import Mosquitto
from quantrac.clock import SystemClock
from quantrac.domain.stations import Station
from quantrac.endpoints import MqttEndpoint
from quantrac.errors import BrokerError
from simulators.fleet import LABELS_FILE, REPORT_FILE, FleetOptions, run_fleet
from simulators.publisher import PublisherLimits
from simulators.replay import ReplayOptions, open_recording, run_replay, survey
from simulators.report import PublishReport
from simulators.scenario import Scenario, parse_scenario
from tests.sessions import wait_until_kept

from .conftest import Listener

Mqtt = Callable[[str], MqttEndpoint]


def fleet(
    stations: list[Station], mqtt: Mqtt, folder: Path, options: FleetOptions, *, scenario: Scenario | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> PublishReport:  # fmt: skip
    endpoints = {s.code: mqtt(s.code) for s in stations}
    return run_fleet(
        stations,
        lambda s: endpoints[s.code],
        folder,
        clock=SystemClock(),
        options=options,
        scenario=scenario,
        stop=stop,
    )


def test_everything_that_is_reported_arrives_once(
    stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path
) -> None:
    report = fleet(stations, mqtt, tmp_path, FleetOptions(rate=120, duration=timedelta(seconds=2)))
    assert (report.published_messages, report.pending_messages, report.unrouted_messages) == (240, 0, 0)
    listener.wait(lambda: len(listener.payloads) == 240)
    assert len(listener.unique) == 240
    assert sum(len(p["readings"]) for p in listener.payloads) == report.published_readings == 960
    for station in stations:
        seqs = [p["seq"] for p in listener.payloads if p["station"] == station.code]
        assert seqs == list(range(80))
    document = json.loads((tmp_path / REPORT_FILE).read_text())
    assert (document["state"], document["published_readings"]) == ("finished", 960)
    assert set(document["per_station"]) == {s.code for s in stations}
    listener.wait(lambda: sum(state == "offline" for _, state, _ in listener.states) == 3)
    assert [state for code, state, _ in listener.states if code == stations[0].code] == ["online", "offline"]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_nothing_is_lost_when_the_broker_goes_away_in_mid_stream(
    *, stations: list[Station], mqtt: Mqtt, mosquitto: Mosquitto, listener: Listener, tmp_path: Path, how: str
) -> None:
    wait_until_kept(mosquitto)  # or the kill takes the listener's new session, and with it what it has not heard

    def interrupt() -> None:
        listener.wait(lambda: len(listener.payloads) > 100)
        getattr(mosquitto, how)()
        time.sleep(1.5)
        mosquitto.start()

    saboteur = threading.Thread(target=interrupt)
    saboteur.start()
    report = fleet(stations, mqtt, tmp_path, FleetOptions(rate=100, duration=timedelta(seconds=6)))
    saboteur.join()
    # 30 ms a station: with a step that is no whole number of microseconds, 6 s at times hold one message more.
    assert (report.published_messages, report.pending_messages, report.refused_messages) == (600, 0, 0)
    assert all(count.reconnects >= 1 for count in report.stations.values())
    listener.wait(lambda: len(listener.unique) == 600)


def test_a_lost_network_goes_offline_and_is_backfilled(
    stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path
) -> None:
    scenario = parse_scenario(
        '[[event]]\nkind = "network_loss"\nstation = "effluent#1"\nstart = 1\nduration = 3\n', "x"
    )
    options = FleetOptions(cadence=timedelta(milliseconds=500), duration=timedelta(seconds=6))
    report = fleet(stations, mqtt, tmp_path, options, scenario=scenario)
    assert (report.published_messages, report.pending_messages) == (36, 0)
    assert report.backfilled_messages == 6
    code = stations[0].code
    listener.wait(lambda: len(listener.unique) == 36)
    # By first arrival: after the reconnect the last acknowledged messages come once more, with their old numbers.
    mine = list(dict.fromkeys((p["seq"], p["observed_at"]) for p in listener.payloads if p["station"] == code))
    assert [at for _, at in mine] == sorted(at for _, at in mine)
    listener.wait(lambda: [s for c, s, _ in listener.states if c == code] == ["online", "offline", "online", "offline"])
    assert "network_loss,communication" in (tmp_path / LABELS_FILE).read_text()


def test_duplicates_and_the_first_exceeding_reading_are_reported(
    stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path
) -> None:
    scenario = parse_scenario(
        """
        [signals]
        sample_hold_s = 0.2
        [[event]]
        kind = "duplicates"
        station = "effluent#2"
        start = 0
        duration = 9
        [[event]]
        kind = "pollution_slug"
        station = "effluent#1"
        parameters = ["COD", "TSS"]
        start = 1
        duration = 9
        onset = 0.5
        relative_to = "limit"
        """,
        "x",
    )
    options = FleetOptions(cadence=timedelta(milliseconds=200), duration=timedelta(seconds=3))
    report = fleet(stations, mqtt, tmp_path, options, scenario=scenario)
    assert report.duplicate_messages == 15
    assert report.duplicates_injected == 60
    listener.wait(lambda: len(listener.unique) == report.published_messages)
    first = json.loads((tmp_path / REPORT_FILE).read_text())["first_exceeding"]
    assert first["station"] == stations[0].code
    (payload,) = [
        p for p in listener.payloads if p["station"] == first["station"] and p["sent_at"] == first["published_at"]
    ]
    values = {r["parameter"]: r["value"] for r in payload["readings"]}
    assert values["TSS"] > 50 or values["COD"] > 75  # QCVN 40:2011 column A


def test_backfill_is_sent_as_a_burst_with_old_stamps(
    stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path
) -> None:
    options = FleetOptions(backfill=timedelta(hours=12), duration=timedelta())
    report = fleet(stations, mqtt, tmp_path, options)
    assert report.published_messages == report.backfilled_messages == 3 * 12 * 12
    listener.wait(lambda: len(listener.unique) == 432)


def test_a_stop_ends_the_endless_fleet_with_a_report(
    stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path
) -> None:
    report = fleet(
        stations,
        mqtt,
        tmp_path,
        FleetOptions(cadence=timedelta(milliseconds=100)),
        stop=lambda: len(listener.payloads) > 30,
    )
    assert report.pending_messages == 0
    listener.wait(lambda: len(listener.unique) == report.published_messages)


def test_a_wrong_password_is_told_at_once(stations: list[Station], mqtt: Mqtt, tmp_path: Path) -> None:
    def wrong(code: str) -> MqttEndpoint:
        return replace(mqtt(code), password="wrong")

    with pytest.raises(BrokerError, match=f"{stations[0].code}.*password"):
        fleet(stations[:1], wrong, tmp_path, FleetOptions(rate=1))


def test_no_broker_is_told_after_a_while(stations: list[Station], mqtt: Mqtt, tmp_path: Path) -> None:
    def nowhere(code: str) -> MqttEndpoint:
        return replace(mqtt(code), port=1)

    with pytest.raises(BrokerError, match="No station could connect within 1 s"):
        fleet(stations, nowhere, tmp_path, FleetOptions(rate=1, limits=PublisherLimits(connect_s=1)))


def test_a_second_logger_of_the_same_station_ends_the_first(
    stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path
) -> None:
    def second() -> None:
        listener.wait(lambda: len(listener.payloads) > 2)
        fleet(stations[:1], mqtt, tmp_path / "second", FleetOptions(rate=10, duration=timedelta(seconds=1)))

    rival = threading.Thread(target=second)
    rival.start()
    with pytest.raises(BrokerError, match="Another logger"):
        fleet(stations[:1], mqtt, tmp_path / "first", FleetOptions(rate=10))
    rival.join()


def test_replay_of_station_files(stations: list[Station], mqtt: Mqtt, listener: Listener, tmp_path: Path) -> None:
    code = stations[0].code
    for minute in (0, 5, 10):
        stamp = f"2026112310{minute:02d}00"
        (tmp_path / f"{code}_{stamp}.txt").write_text(
            f"COD\t{50 + minute}\tmg/L\t{stamp}\t00\r\npH\t\t\t{stamp}\t01\r\n"
        )
    options = ReplayOptions(speed=600)
    recording = open_recording(tmp_path, options)
    extent = survey(recording.feeds, options)
    result = run_replay(recording, extent, mqtt, tmp_path / "run", clock=SystemClock(), options=options)
    assert (result.report.published_messages, result.report.published_readings) == (3, 6)
    listener.wait(lambda: len(listener.payloads) == 3)
    assert [p["observed_at"] for p in listener.payloads] == [f"2026-11-23T10:{m:02d}:00+07:00" for m in (0, 5, 10)]
    assert listener.payloads[1]["readings"] == [
        {"parameter": "COD", "value": 55.0, "unit": "mg/L", "status": "00"},
        {"parameter": "pH", "value": None, "unit": "", "status": "01"},
    ]

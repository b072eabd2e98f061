"""The bridge on a real Mosquitto and a real Kafka: what is published is in Kafka, in order, whatever is killed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.servers.kafka import Kafka
from local.servers.mosquitto import Mosquitto
from quantrac.topics import CONTENT_JSON, CONTENT_STATUS
from tests.sessions import wait_until_kept


def assert_whole_and_in_order(found: dict[str, list[int]], loggers: list[Any]) -> None:
    """Every number is there, and the first occurrences of each station's numbers are in order."""
    for logger in loggers:
        firsts = list(dict.fromkeys(found[logger.station]))
        assert firsts == list(range(logger.published)), logger.station


def test_a_message_arrives_as_it_was_sent(bridge: Any, loggers: Any, raw: Any) -> None:
    process = bridge(raw.topic)
    process.start()
    (logger,) = loggers(1)
    body = b'\xff\x00 not even JSON \n{"n": '  # the bridge does not look into it
    before = datetime.now(UTC)
    logger.client.publish(f"quantrac/v1/{logger.station}/readings", body, qos=1).wait_for_publish(10)
    logger.client.publish(f"quantrac/v1/{logger.station}/status", b'{"state":"online"}', qos=1, retain=True)
    deadline = time.monotonic() + 20
    while len(own := [r for r in raw.records() if r.key.decode() == logger.station]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    readings, status = own
    assert readings.value == body
    assert readings.headers["content-type"].decode() == CONTENT_JSON
    assert readings.headers["mqtt-topic"].decode() == f"quantrac/v1/{logger.station}/readings"
    assert readings.headers["bridge-id"].decode() == process.client_id
    received_at = datetime.fromisoformat(readings.headers["received-at"].decode())
    assert before <= received_at <= datetime.now(UTC)
    assert status.headers["content-type"].decode() == CONTENT_STATUS
    assert json.loads(status.value) == {"state": "online"}
    logger.client.publish(f"quantrac/v1/{logger.station}/status", b"", qos=1, retain=True).wait_for_publish(10)


def test_large_messages_go_through_whole(bridge: Any, loggers: Any, raw: Any) -> None:
    process = bridge(raw.topic, window_bytes=1_000_000)
    process.start()
    (logger,) = loggers(1, padding="x" * 300_000)
    logger.publish(12)
    found = raw.wait_for([logger])
    assert_whole_and_in_order(found, [logger])
    # The broker may hold births of other tests' stations, which every new bridge gets.
    readings = [r for r in raw.records() if r.headers["content-type"].decode() == CONTENT_JSON]
    assert len(readings) >= 12
    assert all(len(json.loads(r.value)["padding"]) == 300_000 for r in readings)


def test_what_comes_together_is_read_together(bridge: Any, loggers: Any, raw: Any) -> None:
    bridge(raw.topic, gather_s=0.1).start()
    (logger,) = loggers(1)
    logger.publish(200, per_s=100)
    raw.wait_for([logger])
    turns = {record.headers["received-at"] for record in raw.records() if record.key.decode() == logger.station}
    assert len(turns) < 80  # messages read in one turn have one instant of receipt


def test_kill_9_of_the_bridge_under_load(bridge: Any, loggers: Any, raw: Any, in_background: Any) -> None:
    process = bridge(raw.topic)
    process.start()
    fleet = loggers(3)
    publishing = [in_background(lambda lg=lg: lg.publish(2000, per_s=250)) for lg in fleet]
    for _ in range(3):
        time.sleep(1.2)
        process.kill()
        process.start()
    for thread in publishing:
        thread.join()
    found = raw.wait_for(fleet)
    assert_whole_and_in_order(found, fleet)


def test_sigterm_leaves_nothing_behind(bridge: Any, loggers: Any, raw: Any, in_background: Any) -> None:
    process = bridge(raw.topic)
    process.start()
    (logger,) = loggers(1)
    publishing = in_background(lambda: logger.publish(2000, per_s=500))
    time.sleep(1.5)
    assert process.stop() == 0
    process.start()
    publishing.join()
    found = raw.wait_for([logger])
    assert_whole_and_in_order(found, [logger])
    # Whatever Kafka had at the stop was acknowledged, so nothing came twice.
    assert found[logger.station] == list(range(logger.published))


def test_kafka_stopped_and_started(
    bridge: Any, loggers: Any, raw: Any, in_background: Any, kafka_server: Kafka
) -> None:
    process = bridge(raw.topic, send_timeout_s=5.0)
    process.start()
    fleet = loggers(2)
    publishing = [in_background(lambda lg=lg: lg.publish(2500, per_s=100)) for lg in fleet]
    time.sleep(2)
    kafka_server.stop()
    time.sleep(12)  # longer than send_timeout_s: the bridge gives its producer up and leaves the messages to the broker
    kafka_server.start()
    for thread in publishing:
        thread.join()
    found = raw.wait_for(fleet)
    assert_whole_and_in_order(found, fleet)


def test_nothing_is_acknowledged_while_kafka_is_away(bridge: Any, loggers: Any, raw: Any, kafka_server: Kafka) -> None:
    process = bridge(raw.topic)
    process.start()
    (logger,) = loggers(1)
    kafka_server.kill()
    logger.publish(300)
    logger.wait_acknowledged()
    time.sleep(1)
    process.kill()  # what it had acknowledged without Kafka would now be gone for ever
    kafka_server.start()
    process.start()
    found = raw.wait_for([logger])
    assert_whole_and_in_order(found, [logger])


def test_mosquitto_killed_and_started(
    bridge: Any, loggers: Any, raw: Any, in_background: Any, mosquitto: Mosquitto
) -> None:
    process = bridge(raw.topic)
    process.start()
    fleet = loggers(2)
    publishing = [in_background(lambda lg=lg: lg.publish(1500, per_s=100)) for lg in fleet]
    for _ in range(2):
        time.sleep(4)
        mosquitto.kill()
        time.sleep(1)
        mosquitto.start()
    for thread in publishing:
        thread.join()
    for logger in fleet:
        logger.wait_acknowledged()
    found = raw.wait_for(fleet)
    assert_whole_and_in_order(found, fleet)


def test_a_session_that_the_broker_has_lost_is_told(
    bridge: Any, loggers: Any, raw: Any, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    process = bridge(raw.topic)
    process.start()
    wait_until_kept(mosquitto)
    mosquitto.kill()
    mosquitto.start()
    wait_until(lambda: process.log().count('"connected"') == 2, 20)
    assert "session_lost" not in process.log()
    mosquitto.stop()
    store = mosquitto.folder / "data" / "mosquitto.db"
    kept = store.rename(tmp_path / "kept")
    mosquitto.start()
    wait_until(lambda: "session_lost" in process.log(), 20)
    mosquitto.stop()
    shutil.copy(kept, store)  # sessions of the other tests
    mosquitto.start()
    (logger,) = loggers(1)
    logger.publish(10)
    assert raw.wait_for([logger]) == {logger.station: list(range(10))}


def test_two_bridges_share_the_stations_by_filter(bridge: Any, loggers: Any, raw: Any) -> None:
    fleet = loggers(2)
    for logger in fleet:
        bridge(raw.topic, station_filter=logger.station).start()
    for logger in fleet:
        logger.publish(200)
    found = raw.wait_for(fleet)
    assert found == {logger.station: list(range(200)) for logger in fleet}


def test_a_small_window_holds_the_broker_back_and_loses_nothing(bridge: Any, loggers: Any, raw: Any) -> None:
    process = bridge(raw.topic, window=5)
    process.start()
    (logger,) = loggers(1)
    logger.publish(1000)
    assert raw.wait_for([logger]) == {logger.station: list(range(1000))}


def wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_wrong_password_is_named_in_the_log(bridge: Any, raw: Any, mqtt: Any) -> None:
    process = bridge(raw.topic)
    told = json.loads(process._told)
    told["mqtt"]["password"] = "wrong"
    process._told = json.dumps(told)
    try:
        process.start_only()
        wait_until(lambda: f"refused the bridge's user '{process.client_id}'" in process.log(), 20)
    finally:
        process.kill()

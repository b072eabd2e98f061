"""A hostile logger beside an honest fleet: whatever it does, every honest reading is stored, and it is told.

Evasions by clock, status and omission take hours to tell: ``tests/integration/streams/test_due.py`` draws the clock.
"""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from local.stage import Stage
from quantrac.clock import SystemClock
from quantrac.endpoints import MqttEndpoint
from quantrac.registry import load_registry, sample_province
from quantrac.topics import mqtt_readings
from simulators.flood import FLOODS, flood
from sql.reports import Reports

RATE = 30
LASTING_S = 12
STORED_S = 180.0
READ_S = 240.0


def steal(endpoint: MqttEndpoint, stop: threading.Event, *client_ids: str) -> None:
    """Connect again and again under the client ids of others, with a clean session, and publish as another station."""
    while not stop.is_set():
        for client_id in client_ids:
            thief = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5)
            thief.tls_set(ca_certs=str(endpoint.ca_file))
            thief.username_pw_set(endpoint.user, endpoint.password)
            thief.connect(endpoint.host, endpoint.port, clean_start=True)
            thief.loop_start()
            thief.publish(mqtt_readings("DT_ANOTHER"), b"{}", qos=0)
            stop.wait(0.3)
            thief.disconnect()
            thief.loop_stop()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("payload", "per_s"), [("large nonsense", 20.0), ("new sessions", 500.0)])
def test_honest_readings_are_all_stored_beside_a_flood_and_a_theft_of_client_ids(
    stage: Stage, payload: str, per_s: float
) -> None:
    flooder, thief, *honest = sorted(s.code for s in load_registry([sample_province()]).stations)
    stage.ready()
    broker, stop = stage.servers.mosquitto, threading.Event()
    run = stage.fleet("--rate", f"{RATE}", "--duration", f"{LASTING_S}", *(f"--station={code}" for code in honest))
    with Reports(stage.servers.database().reader) as reports, ThreadPoolExecutor(2) as pool:
        before = _stored(reports, honest)
        pool.submit(steal, broker.endpoint(thief), stop, "bridge-1", honest[0], flooder)
        login, clock = broker.endpoint(flooder), SystemClock()
        sent = pool.submit(flood, login, flooder, FLOODS[payload], stop, clock=clock, per_s=per_s)
        run.begin()
        try:
            stage.until(run.ended, LASTING_S + 90, "The fleet did not end.")
            stage.until(lambda: flooder in _told(reports), STORED_S, "The flood is not told.")
        finally:
            stop.set()
        assert sent.result() > 0
        published = json.loads(run.report.read_text("utf-8"))["published_readings"]
        stage.until(
            lambda: _stored(reports, honest) - before >= published,
            STORED_S,
            lambda: f"{_stored(reports, honest) - before} of {published} readings are stored: {run.look()}",
        )
        assert _stored(reports, honest) - before == published
        assert [gap for gap in reports.sequence_gaps() if gap.station in honest] == []
        assert [line for code in honest for line in reports.dead_letters(station=code)] == []
        stage.until(lambda: not reports.flooding(), READ_S, "What waits of the flood is not read.")
    run.close()
    assert stage.restarts == 0


def _stored(reports: Reports, stations: list[str]) -> int:
    return sum(counts.stored for code, counts in reports.ledger().items() if code in stations)


def _told(reports: Reports) -> set[str]:
    return {alert.station for alert in reports.alerts(limit=1000) if alert.rule == "flooding"}

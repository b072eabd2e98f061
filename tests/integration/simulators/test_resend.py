"""A broker that was killed before it wrote what it had acknowledged: the loggers send the last of it again."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from local.servers.mosquitto import Mosquitto
from quantrac.clock import SystemClock
from quantrac.domain.stations import Station
from quantrac.endpoints import MqttEndpoint
from simulators.fleet import FleetOptions, run_fleet

from .conftest import Listener


def test_the_last_acknowledged_messages_are_sent_again_and_counted_once(
    stations: list[Station], mqtt: Callable[[str], MqttEndpoint], mosquitto: Mosquitto, listener: Listener,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The broker comes back with a store that is older than its last acknowledgements.

    seconds   0 . 1 . 2 . 3 . 4 . 5 . 6
    fleet     =========================
    store     ----| copied
    broker    ===========x ^===========   started on the copy
    """
    store, copy = mosquitto.folder / "data" / "mosquitto.db", tmp_path / "older.db"

    def sabotage() -> None:
        listener.wait(lambda: len(listener.payloads) > 30)
        began = time.time()
        listener.wait(lambda: store.exists() and store.stat().st_mtime > began)  # the broker writes every 1-2 s
        shutil.copy(store, copy)
        heard = len(listener.payloads)
        listener.wait(lambda: len(listener.payloads) > heard + 90)
        mosquitto.kill()
        shutil.copy(copy, store)
        mosquitto.start()

    saboteur = threading.Thread(target=sabotage)
    saboteur.start()
    endpoints = {s.code: mqtt(s.code) for s in stations}
    options = FleetOptions(rate=60, duration=timedelta(seconds=6))
    report = run_fleet(stations, lambda s: endpoints[s.code], tmp_path, clock=SystemClock(), options=options)
    saboteur.join()
    assert (report.published_messages, report.pending_messages, report.refused_messages) == (360, 0, 0)
    listener.wait(lambda: len(listener.unique) == 360 and len(listener.payloads) >= 360 + report.resent_messages)
    bodies = {(p["station"], p["session"], p["seq"]): p for p in listener.payloads}
    assert all(p == bodies[p["station"], p["session"], p["seq"]] for p in listener.payloads)
    times = Counter((p["station"], p["session"], p["seq"]) for p in listener.payloads)
    assert sum(n > 1 for n in times.values()) >= report.resent_messages >= 100

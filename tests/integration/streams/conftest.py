"""A prepared database, and raw records as the bridge would have written them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from alerts.effective_limits import effective_limits
from alerts.limits import load_limit_sets, packaged_limits
from alerts.rules import document, load_rules, packaged_rules
from ingest.payloads import InstantBounds
from local.servers import LocalServers
from quantrac import topics
from quantrac.clock import ManualClock
from quantrac.domain.stations import Registry
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint
from quantrac.registry import parse_registry, registry_sha256
from sql.catalogue import RuleDocument, import_limit_sets, import_registry, import_rules
from sql.reports import Reports
from sql.worker_store import WorkerStore
from streams.artefact_choice import ArtefactChoice
from streams.catalogue import CatalogueCache
from streams.decoding import DecodeOptions
from streams.delays import DelayLog
from streams.paging import Recipients
from streams.processor import BatchProcessor, ProcessorOptions
from streams.records import RawRecord
from streams.sweep import Sweeper, SweepOptions

if TYPE_CHECKING:
    from tests.integration.streams.worker_rig import Rig

STATION = "DT_TEST_NUOSXL"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
REGISTRY = """
[[station]]
code = "DT_TEST_NUOSXL"
effective_from = 2026-01-01
name_vi = "Trạm thử"
name_en = "Test station"
kind = "effluent"
operator = "đơn vị vận hành"
longitude = 105.75
latitude = 10.29
limit_set = "QCVN40-2011-A"
kq = 1.2
kf = 1.0

[[station.sensor]]
parameter = "COD"
unit = "mg/L"

[[station.sensor]]
parameter = "pH"
unit = ""

[[station.sensor]]
parameter = "TSS"
unit = "mg/L"
"""


@pytest.fixture
def registry() -> Registry:
    return parse_registry(REGISTRY, "test")


@pytest.fixture
def prepared(database: DatabaseEndpoint, registry: Registry) -> DatabaseEndpoint:
    """A migrated database with one station, the packaged limits and rules."""
    import_registry(database.owner, registry, registry_sha256(registry), effective_limits)
    import_limit_sets(database.owner, load_limit_sets([packaged_limits()]), effective_limits)
    rules = load_rules([packaged_rules()])
    import_rules(database.owner, [RuleDocument(r.code, r.effective_from, document(r)) for r in rules])
    return database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def make_processor(prepared: DatabaseEndpoint, clock: ManualClock) -> Iterator[Callable[..., BatchProcessor]]:
    """Return a new worker's processor, with nothing in memory; it follows the clock of the test."""
    stores: list[WorkerStore] = []

    def make(artefacts: ArtefactChoice | None = None, **more: Any) -> BatchProcessor:
        options = ProcessorOptions(
            lane_limit=timedelta(minutes=30),
            decode=DecodeOptions(InstantBounds(timedelta(minutes=5), timedelta(days=400)), 262_144),
            recipients=Recipients(("truc-ban@example.vn",)),
            source="quantrac.raw@test",
            **more,
        )
        stores.append(WorkerStore(prepared.writer))
        return BatchProcessor(stores[-1], CatalogueCache(prepared.writer, clock), options, clock, artefacts)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def reports(prepared: DatabaseEndpoint) -> Iterator[Reports]:
    with Reports(prepared.reader) as opened:
        yield opened


class Records:
    """Makes raw records with rising offsets."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._offsets = itertools.count()

    def raw(self, payload: bytes, *, station: str = STATION, content: str = topics.CONTENT_JSON) -> RawRecord:
        leaf = topics.mqtt_status if content == topics.CONTENT_STATUS else topics.mqtt_readings
        return RawRecord(0, next(self._offsets), payload, content, leaf(station), self._clock.now())

    def message(
        self,
        values: dict[str, Any],
        *,
        at: datetime | None = None,
        seq: int | None = None,
        status: str = "00",
        **more: Any,
    ) -> RawRecord:
        body: dict[str, Any] = {
            "v": 1,
            "observed_at": (at or self._clock.now()).isoformat(),
            "sent_at": self._clock.now().isoformat(),
            "readings": [{"parameter": p, "value": v, "status": status} for p, v in values.items()],
        }
        if seq is not None:
            body |= {"session": "s", "seq": seq}
        return self.raw(json.dumps(body | more).encode())


@pytest.fixture
def records(clock: ManualClock) -> Records:
    return Records(clock)


@pytest.fixture
def make_sweeper(prepared: DatabaseEndpoint, clock: ManualClock) -> Iterator[Callable[[], Sweeper]]:
    """Return a worker's periodic work; it follows the clock of the test."""
    stores: list[WorkerStore] = []

    def make() -> Sweeper:
        stores.append(WorkerStore(prepared.writer))
        options = SweepOptions(timedelta(minutes=2), 0.75, Recipients(("truc-ban@example.vn",)))
        return Sweeper(stores[-1], CatalogueCache(prepared.writer, clock), DelayLog(), options, clock)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def path(
    servers: LocalServers,
    database: DatabaseEndpoint,
    fresh_topics: Callable[..., KafkaEndpoint],
    monkeypatch: pytest.MonkeyPatch,
    unique: str,
) -> Iterator[Rig]:
    """A raw topic of 8 partitions, a database with 16 stations, and no worker yet."""
    from tests.integration.streams.worker_rig import Rig, register  # kafka's import warns, before warnings are filtered

    register(database)
    monkeypatch.setenv("QUANTRAC_DATABASE_WRITER_URL", database.writer)
    monkeypatch.setenv("QUANTRAC_DATABASE_READER_URL", database.reader)
    opened = Rig(servers.run_dir, fresh_topics(partitions=8), database, unique)
    yield opened
    opened.close()

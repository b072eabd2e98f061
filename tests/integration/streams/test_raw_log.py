"""R1 on real Kafka, with workers as processes: whatever happens to log or database, nothing is passed over; it is told.

The supervisor's part is played by the test: a worker that has ended is started again.
"""

from __future__ import annotations

import psycopg
import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from local.servers.postgres import Postgres
from quantrac import topics
from quantrac.endpoints import client_options
from sql.reports import Reports
from streams.app import GROUP
from streams.lag import LagProbe
from tests.integration.streams.worker_rig import START_S, Rig, register

pytestmark = pytest.mark.timeout(400)  # each starts a worker twice


def ends(path: Rig) -> dict[int, int]:
    with psycopg.connect(path.database.owner) as connection:
        return dict(connection.execute("SELECT partition, next_offset FROM kafka_progress").fetchall())


def test_r1_a_topic_made_anew_under_a_running_worker_is_noticed_and_read_from_its_beginning(path: Rig) -> None:
    worker = path.worker()
    path.publish(2)
    path.until_stored(START_S)
    before = sum(ends(path).values())
    path.remake_topic()
    path.publish(3)  # the new topic has more records than the worker had read of the old one
    path.until_ended(worker, START_S)
    assert "made anew while this worker ran" in worker.log_path.read_text()
    worker.start(START_S)
    path.until_stored(START_S)
    assert path.breaks() == [("topic_anew", 0, before, before + 1)]


def test_r1_what_happens_to_the_log_while_no_worker_runs_is_noticed_at_the_next_start(path: Rig) -> None:
    # partition   a: records deleted that nobody has read    b: the log ends before the progress
    #             c: its last committed record is another one now    d: an operator says that a record is missing
    worker = path.worker()
    path.publish(2)
    path.until_stored(START_S)
    reached = ends(path)
    a, b, c, d = sorted(p for p, offset in reached.items() if offset)[:4]
    worker.stop()

    path.publish(2)
    admin = KafkaAdminClient(**client_options(path.kafka))
    admin.delete_records({TopicPartition(topics.RAW, a): reached[a] + 1})
    admin.close()
    with psycopg.connect(path.database.owner) as connection:
        connection.execute("UPDATE kafka_progress SET next_offset = next_offset + 1000 WHERE partition = %s", (b,))
        connection.execute("UPDATE kafka_progress SET last_record = 'another' WHERE partition = %s", (c,))
    told = path.command("progress", "accept", str(d), str(reached[d] + 1), "--by", "Nguyễn Văn A")
    assert f"Partition {d} goes on at {reached[d] + 1}" in told
    with LagProbe(path.kafka, GROUP, topics.RAW) as probe:
        end = probe.ends()[b]
    # The deleted one, and what the database takes for stored since the log was cut. What an operator says is missing,
    # and Kafka has all the same, is stored.
    path.sent -= 2 * (1 + end - reached[b])
    worker.start(START_S)
    path.publish()
    path.until_stored(START_S)
    accepted, lost, anew, cut = sorted(path.breaks())
    assert accepted == ("accepted", d, reached[d], reached[d] + 1)
    assert lost == ("lost", a, reached[a], reached[a] + 1)
    assert anew == ("rewritten", c, 0, reached[c])
    assert cut == ("truncated", b, end, reached[b] + 1000)


def test_r1_a_lost_database_is_rebuilt_from_the_log_without_a_page_and_without_a_message_id_of_the_lost(
    path: Rig, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, unique: str
) -> None:
    monkeypatch.setenv("QUANTRAC_MAIL_TO", "truc-ban@example.vn")
    monkeypatch.setenv("QUANTRAC_INCIDENT_PAGES", "false")
    worker = path.worker()
    path.publish(5, cod=300.0, every_s=180.0)
    path.until_stored(START_S)
    worker.stop()
    with Reports(path.database.reader) as reports:
        lost = {line.message_id for line in reports.deliveries(1000)}
    assert lost

    empty = postgres.create_database(f"rebuilt_{unique}", "test_template")
    try:
        register(empty)
        for role in ("writer", "reader"):
            monkeypatch.setenv(f"QUANTRAC_DATABASE_{role.upper()}_URL", getattr(empty, role))
        path.database = empty
        assert "read the raw topic from its beginning" in path.command("rebuild")
        worker.start(START_S)
        path.until_stored(START_S)
        assert {kind for kind, _, _, _ in path.breaks()} == {"restored"}
        with Reports(empty.reader) as reports:
            assert reports.deliveries(1000) == []
            assert reports.sequence_gaps() == []
            path.publish(2, cod=400.0, every_s=180.0)  # what is news pages as ever
            path.until_stored(START_S)
            fresh = {line.message_id for line in reports.deliveries(1000)}
        assert not fresh & lost
        worker.stop()
    finally:
        postgres.drop_database(f"rebuilt_{unique}")

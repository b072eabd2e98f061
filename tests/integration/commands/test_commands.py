"""The commands of the operator, as processes, on real servers."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from alerts.rules import packaged_rules
from commands.context import load_context
from commands.reach import PATIENCE_S, Server, away
from local.servers import LocalServers, read_local
from quantrac.domain.deadletters import DeadLetter, Rejected, RejectReason, Stage
from quantrac.domain.forwarding import FilePiece, Proof
from quantrac.domain.readings import CheckedReading, Flag, Reading, StoredRow
from quantrac.domain.receipts import ReceiptLine, receipt_key
from quantrac.domain.stations import VIETNAM
from quantrac.domain.words import local_time
from quantrac.endpoints import DATABASE_ROLES, DatabaseEndpoint, KafkaEndpoint
from quantrac.topics import RAW
from sql.forwarding_store import ForwardingStore
from sql.receipts_store import ReceiptStore
from sql.worker_store import WorkerStore
from streams.lag import LagProbe
from tests.freezing import frozen

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COMMANDS = [
    ["servers", "topics"],
    ["db", "migrate"],
    ["stations", "import"],
    ["limits", "import"],
    ["servers", "stations"],
]


@pytest.fixture
def quantrac(servers: LocalServers) -> Run:
    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        env = os.environ | {"QUANTRAC_RUN_DIR": str(servers.run_dir)} | environment
        command = [sys.executable, "-m", "quantrac", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    return run


@pytest.fixture(scope="module")
def done_once() -> set[str]:
    """The steps of the README that were done on this module's servers."""
    return set()


@pytest.fixture
def prepared(
    quantrac: Run, servers: LocalServers, done_once: set[str], fresh_topics: Callable[..., KafkaEndpoint]
) -> Run:
    if not done_once:
        fresh_topics(partitions=8)  # other tests leave topics of other sizes
        os.truncate(servers.run_dir / "log" / "mosquitto.log", 0)  # and stations that were denied a topic
    for command in COMMANDS:
        if " ".join(command) not in done_once:
            done = quantrac(*command)
            assert done.returncode == 0, (command, done.stderr)
            done_once.add(" ".join(command))
    return quantrac


def test_doctor_is_content_after_the_steps_of_the_readme(prepared: Run) -> None:
    done = prepared("doctor", "--json")
    findings = json.loads(done.stdout)
    assert [f for f in findings if not f["ok"]] == []
    assert {f["check"] for f in findings} == {
        "settings", "disk", "mqtt", "kafka", "database", "stations", "limits", "models", "mail",
        "operators", "processes", "workers", "hearing", "clock", "raw log", "floods", "judging", "incidents",
        "delivery",
    }  # fmt: skip
    assert done.returncode == 0
    (nobody,) = [f["seen"] for f in findings if f["check"] == "operators"]
    assert "nobody is mailed of faults of the system itself: QUANTRAC_ADMIN_MAIL_TO is empty" in nobody


def test_doctor_says_what_to_do_next(prepared: Run) -> None:
    mail = {"QUANTRAC_SMTP_HOST": "127.0.0.1", "QUANTRAC_SMTP_PORT": "9"}
    done = prepared("doctor", **mail, QUANTRAC_ADMIN_MAIL_TO="it@so.vn")
    assert done.returncode == 1
    assert "FAIL mail" in done.stdout
    assert "faults of the system itself to it@so.vn" in done.stdout
    assert "->" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("_rules_as_before")
def test_doctor_names_rules_of_this_version_that_nobody_has_imported(
    prepared: Run, servers: LocalServers, tmp_path: Path
) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    with psycopg.connect(local.database.owner) as connection:
        connection.execute("DELETE FROM alert_rules WHERE code = 'calibrated_often'")
        connection.execute("UPDATE alert_rules SET document = document || '{\"keep_firing\": 9}' WHERE code = 'fault'")
    missing = _finding(prepared, "limits")
    assert (missing["ok"], "calibrated_often are not here" in missing["seen"]) == (False, True)
    with psycopg.connect(local.database.owner) as connection:
        # Another version of the rule is there, so that it is missed no more.
        connection.execute(
            "INSERT INTO alert_rules SELECT 'calibrated_often', '2026-06-01', document || "
            '\'{"code": "calibrated_often", "effective_from": "2026-06-01", "enabled": false}\' '
            "FROM alert_rules WHERE code = 'cadence'"
        )
    assert _finding(prepared, "limits")["seen"].endswith("not as this version has them: fault")
    own = tmp_path / "rules.toml"
    packaged = (packaged_rules() / "default.toml").read_text("utf-8")
    own.write_text(packaged.replace('code = "offline"', 'code = "quiet"'), "utf-8")
    named = {"QUANTRAC_RULES_FILE": str(own)}
    assert "quiet are not here" in _finding(prepared, "limits", **named)["seen"]
    assert prepared("limits", "import", **named).returncode == 0
    for environment in ({}, named):
        assert _finding(prepared, "limits", **environment)["seen"].endswith("every station has its limits")


@pytest.fixture
def _rules_as_before(prepared: Run, servers: LocalServers) -> Iterator[None]:
    """Leave the rules to the tests behind as they were imported."""
    yield
    local = read_local(servers.run_dir)
    assert local is not None
    with psycopg.connect(local.database.owner) as connection:
        connection.execute("DELETE FROM alert_rules")
    assert prepared("limits", "import").returncode == 0


def _finding(run: Run, check: str, **environment: str) -> dict[str, Any]:
    findings = json.loads(run("doctor", "--json", **environment).stdout)
    return next(found for found in findings if found["check"] == check)


def test_15_a_dead_notifier_is_seen_by_the_notifications_that_wait(prepared: Run, servers: LocalServers) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    with psycopg.connect(local.database.owner) as connection:
        connection.execute(
            "WITH a AS (INSERT INTO alerts (station, parameter, rule, kind, severity, opened_at, since)"
            " VALUES ('DT_DEAF', 'COD', 'limit', 'limit', 'high', now(), now()) RETURNING id),"
            " t AS (INSERT INTO alert_transitions (alert_id, kind, reason, observed_at, severity)"
            " SELECT id, 'opened', 'held', now(), 'high' FROM a RETURNING id, alert_id)"
            " INSERT INTO outbox (alert_id, transition_id, message_id, channel, recipient, subject, text, created_at)"
            " SELECT alert_id, id, 'deaf', 'email', 'a@b.vn', 's', 't', now() - INTERVAL '5 minutes' FROM t"
        )
    try:
        done = prepared("doctor")
        assert done.returncode == 1
        assert "FAIL delivery   1 notifications wait" in done.stdout
        assert "quantrac run notifier" in done.stdout
    finally:
        with psycopg.connect(local.database.owner) as connection:
            connection.execute("DELETE FROM outbox WHERE message_id = 'deaf'")
            connection.execute(
                "DELETE FROM alert_transitions WHERE alert_id IN (SELECT id FROM alerts WHERE station = 'DT_DEAF')"
            )
            connection.execute("DELETE FROM alerts WHERE station = 'DT_DEAF'")


def test_15_kafka_away_hides_nothing_of_the_database(prepared: Run) -> None:
    began = time.monotonic()
    done = prepared("status", "--json", QUANTRAC_KAFKA_BOOTSTRAP="127.0.0.1:9")
    assert time.monotonic() - began < 15
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["Stations"]["registered"] == 16
    assert "127.0.0.1:9" in document["Kafka"]["cannot be asked"]
    assert document["at"].endswith("+07:00")
    assert done.stderr.startswith("quantrac: Kafka at 127.0.0.1:9 does not answer")


FROZEN = {"postgres": "database", "kafka": "kafka", "mosquitto": "mqtt"}
DATABASE_CHECKS = {
    "stations", "limits", "models", "hearing", "clock", "raw log", "floods", "judging", "incidents", "delivery",
}  # fmt: skip


@pytest.mark.parametrize("name", list(FROZEN))
def test_15_a_frozen_server_is_named_at_once_and_hides_nothing_of_the_others(
    prepared: Run, servers: LocalServers, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTRAC_RUN_DIR", str(servers.run_dir))
    (server,) = (each for each in servers.all if each.name == name)
    check = FROZEN[name]
    with frozen(server):
        began = time.monotonic()
        assert list(away(load_context(), tuple(Server))) == [check]
        assert time.monotonic() - began < 2 * PATIENCE_S
        doctor, status = prepared("doctor", "--json"), prepared("status", "--json")
    findings = {f["check"]: f for f in json.loads(doctor.stdout)}
    assert doctor.returncode == 1
    unknown = {"workers"} if check == "kafka" else DATABASE_CHECKS if check == "database" else set()
    assert {c for c, f in findings.items() if not f["ok"]} == {check, *unknown}
    assert "does not answer within 4 s" in findings[check]["seen"]
    assert "quantrac servers stop" in findings[check]["next"]
    assert {findings[c]["seen"] for c in unknown} <= {f"nothing is known of it: see {check}"}
    shown = json.loads(status.stdout)
    silent = {title for title, facts in shown.items() if isinstance(facts, dict) and "cannot be asked" in facts}
    database = {"Stations", "Delay", "Loss ledger (readings)", "Models", "Alerts", "Raw log"}
    assert silent == {"database": database, "kafka": {"Kafka"}, "mqtt": set()}[check]
    assert status.returncode == (1 if silent else 0)
    assert ("quantrac servers stop" in status.stderr) == bool(silent)


def test_the_page_of_a_demo_is_named_by_the_port_that_it_has_chosen(prepared: Run, servers: LocalServers) -> None:
    assert prepared("accounts", "add", "an", "--name", "An", "--without-password").returncode == 0
    ports = servers.run_dir / "ports.json"
    chosen = json.loads(ports.read_text("utf-8"))

    def origin(**environment: str) -> str:
        return prepared("accounts", "link", "an", **environment).stdout.partition("/login/")[0]

    with socket.create_server(("127.0.0.1", 0)) as page:
        port = page.getsockname()[1]
        ports.write_text(json.dumps(chosen | {"web": port}), "utf-8")
        assert origin() == f"http://127.0.0.1:{port}"
        assert origin(QUANTRAC_WEB_URL="https://quan-trac.vn") == "https://quan-trac.vn"
        assert origin(QUANTRAC_WEB_PORT="8500") == "http://127.0.0.1:8500"
    assert origin() == "http://127.0.0.1:8400", "the page of the demo is gone: that of `quantrac up`"
    ports.write_text(json.dumps(chosen), "utf-8")


def test_15_processes_of_another_installation_are_not_ours(prepared: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)", "quantrac", "run", "worker"]
    ours = json.loads(prepared("status", "--json").stdout)["processes"]
    other = subprocess.Popen(command, env=os.environ | {"QUANTRAC_RUN_DIR": str(tmp_path)})
    try:
        seen = json.loads(prepared("status", "--json").stdout)["processes"]
    finally:
        other.kill()
        other.wait()
    assert [p["pid"] for p in seen] == [p["pid"] for p in ours]


def test_15_what_is_missing_is_named(prepared: Run, servers: LocalServers) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    with psycopg.connect(local.database.owner) as connection:
        connection.execute(
            "INSERT INTO feeds (station, session, seen, last_received_at)"
            " VALUES ('DT_KCNSADEC_NUOSXL', 's1', '{[0,5),[7,9)}', now())"
        )
    try:
        found = json.loads(prepared("missing", "DT_KCNSADEC_NUOSXL", "--json").stdout)
        assert [(g["first"], g["beyond"]) for g in found["sequence_numbers"]] == [(5, 7)]
        assert found["instants"][0]["parameter"]  # nothing was sent at all
        assert "DT_KCNSADEC_NUOSXL" in prepared("missing").stdout
    finally:
        with psycopg.connect(local.database.owner) as connection:
            connection.execute("DELETE FROM feeds")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dead-letters", "list", "--station", b"\xe9\x1b]0;x\x07"], "is not text in UTF-8"),
        (["revisions", "show", b"\xe9"], "is not text in UTF-8"),
        (["db", "schema", "--output", "."], "Is a directory"),
        (["oncall", "export", "--output", "no/such/folder.toml"], "No such file or directory"),
    ],
)
def test_number_9_an_argument_that_is_of_no_use_is_a_sentence(
    prepared: Run, arguments: list[str | bytes], told: str
) -> None:
    done = prepared(*map(os.fsdecode, arguments))
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("name", ["[/x]", "[red]x[/red]", "\x1b]0;title\x07\x1b[2J", "\u202egnp", "a\rb"])
def test_9_text_of_a_logger_does_not_reach_the_terminal_as_it_is(
    prepared: Run, servers: LocalServers, name: str
) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    letter = DeadLetter(
        "DT_X", Stage.DECODE, (Rejected(RejectReason.UNKNOWN_PARAMETER, f"no parameter {name}", name),),
        f"{{{name}}}".encode(), "application/json", f"quantrac/v1/{name}/readings", datetime.now(UTC), "raw@x", 0, 4711,
    )  # fmt: skip
    with closing(WorkerStore(local.database.writer)) as store, store.transaction() as tx:
        tx.accounting.add_dead_letters([letter, replace(letter, station="DT_Y", offset=4712)])
    with psycopg.connect(local.database.owner) as connection:
        row = connection.execute("SELECT id FROM dead_letters WHERE raw_offset = 4711").fetchone()
    assert row is not None
    try:
        # What the newest one pushes out of the list is counted below it.
        for command in (["list"], ["list", "--json"], ["list", "--limit", "1"], ["show", str(row[0])]):
            done = prepared("dead-letters", *command)
            assert done.returncode == 0, done.stderr
            assert all(line.replace("\t", "").isprintable() for line in done.stdout.split("\n")), command
            assert "DT_X" in done.stdout
    finally:
        with psycopg.connect(local.database.owner) as connection:
            connection.execute("DELETE FROM dead_letters")


def test_two_who_replay_the_same_dead_letter_at_one_moment_send_it_once(
    prepared: Run, servers: LocalServers, fresh_topics: Callable[..., KafkaEndpoint]
) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    letter = DeadLetter(
        "DT_X", Stage.DECODE, (Rejected(RejectReason.UNKNOWN_PARAMETER, "no parameter", "X"),),
        b"{}", "application/json", "quantrac/v1/DT_X/readings", datetime.now(UTC), "raw@x", 0, 4713,
    )  # fmt: skip
    with closing(WorkerStore(local.database.writer)) as store, store.transaction() as tx:
        tx.accounting.add_dead_letters([letter])
    try:
        with LagProbe(local.kafka, "test", RAW) as probe, ThreadPoolExecutor(3) as pool:
            before = sum(probe.ends().values())
            told = [done.stdout for done in pool.map(lambda _: prepared("dead-letters", "replay", "--all"), range(3))]
            assert sum(probe.ends().values()) - before == 1, told
        assert sorted(text.split()[0] for text in told) == ["0", "0", "1"], told
    finally:
        with psycopg.connect(local.database.owner) as connection:
            connection.execute("DELETE FROM dead_letters")
    fresh_topics(partitions=8)  # doctor would tell other tests of the record that waits


def test_13_a_real_station_is_simulated_as_its_marked_copy(prepared: Run, servers: LocalServers) -> None:
    done = prepared("simulate", "--drill", "--station", "DT_KCNSADEC_NUOSXL", "--duration", "2", "--cadence", "1")
    # No bridge has made its session yet: what is published has no subscriber, which it says; the copy is registered.
    assert "no subscriber" in done.stderr or done.returncode == 0, done.stderr
    local = read_local(servers.run_dir)
    assert local is not None
    with psycopg.connect(local.database.owner) as connection:
        rows = connection.execute("SELECT code, name_vi FROM stations WHERE code LIKE 'DRILL%'").fetchall()
        connection.execute("DELETE FROM effective_limits WHERE station LIKE 'DRILL%'")
        connection.execute("DELETE FROM stations WHERE code LIKE 'DRILL%'")
    assert [(c, n.startswith("DIỄN TẬP")) for c, n in rows] == [("DRILL_DT_KCNSADEC_NUOSXL", True)]


def test_an_entry_of_the_audit_is_shown_whole(prepared: Run) -> None:
    entry = json.loads(prepared("audit", "show", "1").stdout)
    assert (entry["id"], entry["actor"], "after" in entry["detail"]) == (1, "quantrac_owner", True)


def test_status_shows_ledger_and_processes(prepared: Run) -> None:
    document = json.loads(prepared("status", "--json").stdout)
    assert document["Stations"]["registered"] == 16
    assert document["Loss ledger (readings)"]["residual"] == 0
    assert {"kafka", "postgres", "mosquitto"} <= {p["name"] for p in document["processes"]}
    assert prepared("status").returncode == 0


def test_a_station_without_history_is_not_trained_and_nothing_was_counted_of_a_shadow(prepared: Run) -> None:
    done = prepared("models", "retrain", "--station", "DT_KCNSADEC_NUOSXL", "--json")
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    assert report["outcome"].startswith("too little history: 0 of")
    assert json.loads(prepared("models", "shadow", "--report", "--json").stdout) == []


def test_a_model_that_does_not_run_is_named_by_doctor_and_status(prepared: Run, servers: LocalServers) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    owner = local.database.owner
    with psycopg.connect(owner) as connection:
        connection.execute(
            "INSERT INTO station_models (station, model_version, problem, changed_at)"
            " VALUES ('DT_A', 'x', 'artefact 3f9a is refused: its file has another hash', now())"
        )
    try:
        done = prepared("doctor")
        assert "FAIL models" in done.stdout
        assert "DT_A: artefact 3f9a is refused" in done.stdout
        assert json.loads(prepared("status", "--json").stdout)["Models"]["with a problem"] == 1
    finally:
        with psycopg.connect(owner) as connection:
            connection.execute("DELETE FROM station_models")


@pytest.mark.parametrize(
    "command",
    [["alerts", "list"], ["alerts", "deliveries"], ["dead-letters", "list"], ["stations", "list"], ["limits", "list"]],
    ids=" ".join,
)
def test_lists_print_tables_and_json(prepared: Run, command: list[str]) -> None:
    assert prepared(*command).returncode == 0
    assert isinstance(json.loads(prepared(*command, "--json").stdout), list | dict)


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "words"),
    [
        (["status"], {"QUANTRAC_LANE_LIMT_S": "3"}, 2, "did you mean QUANTRAC_LANE_LIMIT_S?"),
        (["status"], {"QUANTRAC_LANE_LIMIT_S": "soon"}, 2, "QUANTRAC_LANE_LIMIT_S"),
        (["run", "worker"], {"QUANTRAC_CONFIG_FILE": "/nowhere.toml"}, 2, "/nowhere.toml"),
        (["demo", "--once"], {"QUANTRAC_MQTT_HOST": "broker.example.vn"}, 2, "QUANTRAC_MQTT_HOST"),
        (["status"], {"QUANTRAC_RUN_DIR": "/tmp/quantrac-nothing-here"}, 2, "quantrac servers start"),
        (["alerts", "acknowledge", "999999", "--by", "A"], {}, 1, "There is no alert 999999"),
        (["alerts", "acknowledge", "1", "--by", " "], {}, 2, "--by is empty"),
        (["alerts", "list", "--station", "DT_NOBODY"], {}, 1, "Station DT_NOBODY is not known"),
        (["incidents", "close", "1", "pollution", "--by", " "], {}, 2, "--by is empty"),
        (
            ["incidents", "hold", "DT_KCNSADEC_NUOSXL", "60", "--parameter", "CODD", "--by", "an"],
            {},
            1,
            "DT_KCNSADEC_NUOSXL does not measure 'CODD'",
        ),
        (["incidents", "hold", "DT_NOBODY", "60", "--by", "an"], {}, 1, "Station DT_NOBODY is not known"),
        (["readings", "DT_NOBODY"], {}, 1, "Station DT_NOBODY is not known"),
        (["readings", "show", "DT_KCNSADEC_NUOSXL", "--from", "0001-01-01"], {}, 2, "'0001-01-01' is not a date"),
        (["readings", "show", "DT_KCNSADEC_NUOSXL", "--from", "2999-01-01"], {}, 2, "has not come yet"),
        (["dead-letters", "show", "999999"], {}, 1, "There is no dead letter 999999"),
        (["audit", "show", "999999"], {}, 1, "There is no entry 999999"),
        (["dead-letters", "replay"], {}, 2, "--all"),
        (["models", "shadow"], {}, 1, "Give the HASH of a candidate"),
        (["models", "shadow", "3f9a2c"], {}, 1, "see `quantrac models list`"),
        (["models", "retrain", "--station", "DT_NOBODY"], {}, 1, "There is no station 'DT_NOBODY'"),
        (["status"], {"QUANTRAC_DATABASE_READER_URL": "postgresql://x:y@127.0.0.1:9/z"}, 1, "127.0.0.1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_is_wrong_is_a_sentence(
    prepared: Run, arguments: list[str], environment: dict[str, str], status: int, words: str
) -> None:
    done = prepared(*arguments, **environment)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert done.stderr.startswith("quantrac: ")
    assert "Traceback" not in done.stderr
    assert ":y@" not in done.stderr


@pytest.mark.parametrize("process", ["worker", "notifier", "incidents", "trainer", "reporter", "web"])
def test_a_process_that_is_newer_than_the_database_ends_with_what_to_do(
    quantrac: Run, database: DatabaseEndpoint, process: str
) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("DELETE FROM schema_migrations WHERE version > 200")
    urls = {f"QUANTRAC_DATABASE_{role.upper()}_URL": getattr(database, role) for role in DATABASE_ROLES}
    done = quantrac("run", process, **urls)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "migrations are pending: run `quantrac db migrate`, then start this again" in done.stderr


def test_a_wrong_key_of_the_configuration_file_is_named_with_the_file(quantrac: Run, tmp_path: Path) -> None:
    file = tmp_path / "quantrac.toml"
    file.write_text("batch_mesages = 3\n", encoding="utf-8")
    done = quantrac("status", QUANTRAC_CONFIG_FILE=str(file))
    assert done.returncode == 2
    assert f"{file}: the key 'batch_mesages'" in done.stderr
    assert "batch_messages" in done.stderr


LOGGER = "DT_KCNSADEC_NUOSXL"
AT = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)


@pytest.fixture
def three_files(prepared: Run, servers: LocalServers) -> Iterator[str]:
    """Two files of one station that were stored, five minutes and a hole of 20 apart; gives the owner's connection."""
    local = read_local(servers.run_dir)
    assert local is not None
    rows = [
        StoredRow(CheckedReading(Reading(LOGGER, "COD", AT + timedelta(minutes=m), AT, 58.0 + m), Flag.GOOD), 0, m)
        for m in (0, 5, 30)
    ]
    with closing(WorkerStore(local.database.writer)) as store, store.transaction() as tx:
        tx.readings.store(rows)
        tx.committed.add_stored({(LOGGER, AT): 3})
    ReceiptStore(local.database.intake).add([ReceiptLine(receipt_key("x", LOGGER, AT), 3, True, "", 0, 2)])
    yield local.database.owner
    with psycopg.connect(local.database.owner) as connection:
        for table in ("readings", "latest_readings", "reading_hours", "reading_days", "stored_hours", "receipts"):
            connection.execute(sql.SQL("DELETE FROM {} WHERE station = %s").format(sql.Identifier(table)), (LOGGER,))


def test_ledger_and_what_was_not_received_and_a_row_that_is_removed(prepared: Run, three_files: str) -> None:
    since = f"{AT.astimezone(VIETNAM) - timedelta(hours=1):%Y-%m-%dT%H:%M}"
    even = prepared("ledger", "--since", since, "--station", LOGGER, "--json")
    assert even.returncode == 0, even.stderr
    told = json.loads(even.stdout)
    assert (told["residual"], [s["readings"]["present"] for s in told["stations"]]) == (0, [3])
    assert prepared("ledger").stdout.rstrip().endswith("residual 0")
    missed = json.loads(prepared("missing", LOGGER, "--json").stdout)["files"]
    assert min(f["files"] for f in missed) == 4  # 10, 15, 20 and 25 minutes past; before and after it more
    with psycopg.connect(three_files) as connection:
        connection.execute("DELETE FROM readings WHERE station = %s AND value = 63", (LOGGER,))
    robbed = prepared("ledger")
    assert robbed.returncode == 1
    assert "residual 1" in robbed.stdout
    assert prepared("ledger", "--station", "DT_NOBODY").returncode == 1


def test_the_ledger_says_which_readings_are_older_than_its_period(
    prepared: Run, servers: LocalServers, three_files: str
) -> None:
    """A station's backfill of a month ago, sent just now: its messages are of today, its readings are not."""
    local = read_local(servers.run_dir)
    assert local is not None
    code, old, now = "DT_STIENCL_NUOMAT", AT - timedelta(days=30), datetime.now(UTC)
    with closing(WorkerStore(local.database.writer)) as store, store.transaction() as tx:
        tx.readings.store([StoredRow(CheckedReading(Reading(code, "pH", old, now, 7.0), Flag.GOOD), 0, 90)])
        tx.committed.add_stored({(code, old): 1})
    ReceiptStore(local.database.intake).add([ReceiptLine(receipt_key("x", code, now), 1, True, "", 0, 90)])
    day = f"{old.astimezone(VIETNAM):%Y-%m-%d}"
    told = prepared("ledger").stdout
    assert told.startswith("Messages received, and readings observed, since ")
    assert f"{code} 1 (from {old.astimezone(VIETNAM):%d/%m/%Y})" in told
    assert f"quantrac ledger --since {day} counts them." in told
    (line,) = json.loads(prepared("ledger", "--station", code, "--json").stdout)["older_readings"]
    assert (line["station"], line["stored"]) == (code, 1)
    further = prepared("ledger", "--since", day, "--station", code, "--json")
    assert [s["readings"]["present"] for s in json.loads(further.stdout)["stations"]] == [1]
    assert json.loads(further.stdout)["older_readings"] == []
    told = prepared("readings", code).stdout
    assert f"The newest is of {local_time(old)}: `quantrac readings {code} --from {day} --to " in told
    command = told[told.index("`quantrac") + 1 :].split("`")[0].split()
    assert "good" in prepared(*command[1:]).stdout


def test_a_description_is_proposed_and_names_that_no_pattern_knows_are_told(prepared: Run, tmp_path: Path) -> None:
    for name in ("DT_A_20261123100500.txt", "DT_A_20261123100500_2.txt"):
        (tmp_path / name).write_text("COD\t50.5\tmg/L\t20261123100500\t00\nDoor\t1\t\t20261123100500\t00\n")
    done = prepared("stations", "learn", str(tmp_path))
    assert 'code = "Door"\nkind = "door"' in done.stdout
    assert "1 file has a name that no pattern knows, and will be refused: DT_A_20261123100500_2.txt" in done.stderr


def test_a_period_is_exported_as_files(prepared: Run, three_files: str, tmp_path: Path) -> None:
    day = f"{AT.astimezone(VIETNAM):%Y-%m-%d}"
    done = prepared("export", "files", LOGGER, "--first", day, "--last", day, "--to", str(tmp_path))
    assert done.returncode == 0, done.stderr
    stamps = [f"{(AT + timedelta(minutes=m)).astimezone(VIETNAM):%Y%m%d%H%M%S}" for m in (0, 5, 30)]
    written = {p.name: p.read_bytes() for p in tmp_path.rglob("*.txt")}
    assert written == {
        f"{LOGGER}_{stamp}.txt": f"COD\t{58 + m}\tmg/L\t{stamp}\t00\r\n".encode()
        for m, stamp in zip((0, 5, 30), stamps, strict=True)
    }


def test_what_was_forwarded_is_shown_with_its_refusal(prepared: Run, servers: LocalServers) -> None:
    local = read_local(servers.run_dir)
    assert local is not None
    assert "Nothing was forwarded yet" in prepared("forwarding", "status").stdout
    content = b"COD\t58\tmg/L\t20261123100500\t00\r\n"
    digest = hashlib.sha256(content).hexdigest()
    pieces = [
        FilePiece(0, n, LOGGER, f"{LOGGER}/{n}.txt", len(content), digest, 0, content, AT) for n in range(3)
    ]  # fmt: skip
    store = ForwardingStore(local.database.writer, "ministry", "raw@test")
    try:
        store.progress()
        store.add(pieces, {0: 3})
        (first,) = store.take(10, AT)
        store.accepted(first.id, AT, Proof.REPLY)
        (second,) = store.take(10, AT)
        store.failed(second.id, AT, "550 the disk is full", AT + timedelta(minutes=1))
        (line,) = json.loads(prepared("forwarding", "status", "--json").stdout)
        assert (line["target"], line["station"], line["accepted"], line["waiting"]) == ("ministry", LOGGER, 1, 2)
        assert line["by_reply_alone"] == 1
        assert line["last_error"] == "550 the disk is full"
        assert "the disk is full" in " ".join(prepared("forwarding", "status", COLUMNS="200").stdout.split())
    finally:
        store.close()
        with psycopg.connect(local.database.owner) as connection:
            connection.execute("TRUNCATE forwarded_files, kafka_progress CASCADE")

"""The commands of the operator, as processes, on real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from local.servers import LocalServers, read_local
from quantrac.endpoints import KafkaEndpoint

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
def prepared(quantrac: Run, done_once: set[str], fresh_topics: Callable[..., KafkaEndpoint]) -> Run:
    if not done_once:
        fresh_topics(partitions=8)  # other tests leave topics of other sizes
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
        "settings", "disk", "mqtt", "kafka", "database", "stations", "limits", "models", "mail"
    }  # fmt: skip
    assert done.returncode == 0


def test_doctor_says_what_to_do_next(prepared: Run) -> None:
    done = prepared("doctor", QUANTRAC_SMTP_HOST="127.0.0.1", QUANTRAC_SMTP_PORT="9")
    assert done.returncode == 1
    assert "FAIL mail" in done.stdout
    assert "->" in done.stdout
    assert "Traceback" not in done.stderr


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
        (["dead-letters", "show", "999999"], {}, 1, "There is no dead letter 999999"),
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


def test_a_wrong_key_of_the_configuration_file_is_named_with_the_file(quantrac: Run, tmp_path: Path) -> None:
    file = tmp_path / "quantrac.toml"
    file.write_text("batch_mesages = 3\n", encoding="utf-8")
    done = quantrac("status", QUANTRAC_CONFIG_FILE=str(file))
    assert done.returncode == 2
    assert f"{file}: the key 'batch_mesages'" in done.stderr
    assert "batch_messages" in done.stderr

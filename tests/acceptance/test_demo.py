"""The newcomer's command: a slug alarmed before its limit, faults that page nobody, nothing lost or left running."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.aside import BEFORE
from local.demo import FILE_STATIONS
from local.servers.connections import DEMO_FOLDER
from local.servers.mail import CaughtMail, read_index
from quantrac.domain.stations import VIETNAM
from quantrac.registry import load_registry, sample_province
from quantrac.settings import load_settings

SAMPLES = {
    "TB_CAPH_NUOSXL": (
        ("Temp\t23.3262\toC", "Flowin\t0.5833\tm3/h", "Flow_Out\t10.1973\tm3/h", "Amoni\t2.3308\tmg/l",
         "COD\t16.2482\tmg/l", "pH\t7.8485\t", "TSS\t24.1999\tmg/l"), "\r\n",
    ),
    "HN_PHCH_NUOPCH": (
        ("pH\t8.81\t", "TSS\t3.90\tmg/L", "COND\t329.00\tuS/cm", "TURB\t0.58\tFNU", "NO3-N\t253.00\tmg/L",
         "DO\t7.00\tmg/L", "Temp\t18.20\toC"), "\n",
    ),
}  # fmt: skip
"""Lines without stamp and status of two loggers, with the symbols and units that they write, and their line ends."""


def wait_for(condition: Callable[[], bool], patience_s: float = 200.0) -> None:
    ends_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < ends_s
        time.sleep(0.5)


@pytest.fixture(scope="module")
def run_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="quantrac-demo-"))
    folder.chmod(0o711)
    yield folder / DEMO_FOLDER
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def first(run_dir: Path) -> dict[str, Any]:
    return demo_once(run_dir)


def demo_once(run_dir: Path, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
    environment = environment_of(run_dir.parent)
    command = [sys.executable, "-m", "quantrac", "demo", "--once"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            meanwhile()
            out, err = demo.communicate(timeout=380)
        except BaseException:
            demo.terminate()
            raise
    assert demo.returncode == 0, err[-2000:]
    (run_dir / "stdout.txt").write_text(out, encoding="utf-8")
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return result


def environment_of(run_dir: Path) -> dict[str, str]:
    """Return the environment of a terminal beside the demo."""
    own = {"QUANTRAC_RUN_DIR": str(run_dir), "QUANTRAC_CACHE_DIR": str(load_settings().cache_dir)}
    return os.environ | own


def quantrac(run_dir: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "quantrac", *arguments]
    done = subprocess.run(
        command, env=environment_of(run_dir), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    return done.stdout


def text_of(mail: CaughtMail) -> str:
    body = mail.message().get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.timeout(400)
def test_every_published_reading_is_accounted_for(first: dict[str, Any]) -> None:
    assert first["incident"]["state"] in {"acknowledged", "resolved"}
    assert first["incident"]["acknowledged_through"] == "link"
    accounted = sum(first[k] for k in ("stored", "duplicates", "revisions", "dead_letters", "in_flight"))
    assert first["published"] == accounted > 500
    assert first["residual"] == first["in_flight"] == first["missing_messages"] == first["dead_letters"] == 0


def test_the_slug_was_mailed_with_its_reasons(first: dict[str, Any], run_dir: Path) -> None:
    assert first["emails_delivered"] >= 1
    assert 0 < first["alert_delay_s"] < 30
    text = next(t for t in map(text_of, read_index(run_dir / "mail")) if "vượt giới hạn 90" in t)
    for words in ("Nhận sự cố: http", "Việc cần làm", "What to do", "TRẠM MINH HỌA"):
        assert words in text
    assert text.index("Việc cần làm") < text.index("What to do")  # Vietnamese first


def test_the_model_alarmed_and_explained_the_slug_before_the_limit_was_crossed(first: dict[str, Any]) -> None:
    slug = first["slug"]
    assert slug["rule"] == "anomaly"
    assert slug["class"] == "pollution"
    assert slug["ahead_s"] > 0
    assert slug["ahead_min_of_data"] == pytest.approx(slug["ahead_s"] * 5, abs=0.1)
    assert "Chưa vượt giới hạn" in slug["explanation_vi"]
    assert slug["reasons_vi"]


def test_broken_probes_are_work_items_with_their_class_and_a_calibration_pages_nobody(first: dict[str, Any]) -> None:
    items = {item["injected"]: item for item in first["work_items"]}
    assert set(items) == {"stuck", "offset", "calibration"}
    assert {kind: item["pages"] for kind, item in items.items()} == dict.fromkeys(items, 0)
    assert items["stuck"]["class"] == "fault"
    assert items["offset"]["class"] in {"fault", "unknown"}  # one probe that jumps, and nothing beside it
    assert items["offset"]["probability"] > 0.25
    assert items["calibration"]["alert"] is None


def test_the_summary_says_it_in_words(run_dir: Path, first: dict[str, Any]) -> None:
    said = (run_dir / "stdout.txt").read_text("utf-8")
    assert "before the limit was crossed" in said
    assert "Có thể là: sự cố xả thải, ô nhiễm thật" in said
    assert said.count("pages 0") == 3


def test_nobody_was_told_of_anything_but_the_slug(first: dict[str, Any], run_dir: Path) -> None:
    with (run_dir / "simulate" / "fleet-labels.csv").open(encoding="utf-8", newline="") as file:
        polluted = {row["station"] for row in csv.DictReader(file) if row["kind"] == "pollution_slug"}
    told = " ".join(text_of(mail) for mail in read_index(run_dir / "mail"))
    named = {s.code for s in load_registry([sample_province()]).stations if s.code in told}
    assert named == polluted


def test_the_stations_that_write_files_are_stored_in_full(first: dict[str, Any], run_dir: Path) -> None:
    files = first["files"]
    assert files["written"] == files["read"] > 800  # the past of two stations
    assert files["readings"] == 7 * files["read"]
    assert files["ledger_residual"] == 0
    by_day, flat = (list((run_dir / "stations" / code).rglob("*.txt")) for code in FILE_STATIONS)
    assert {len(p.relative_to(run_dir / "stations").parts) for p in by_day} == {5}
    assert {len(p.relative_to(run_dir / "stations").parts) for p in flat} == {2}


def strangers(folder: Path) -> None:
    """Write a folder as somebody brings it: two hours of two stations that the demo does not know."""
    for station, (lines, ends) in SAMPLES.items():
        for minutes in range(60, 180, 5):
            stamp = (datetime.now(VIETNAM) - timedelta(minutes=minutes)).strftime("%Y%m%d%H%M00")
            path = folder / station / stamp[:8] / f"{station}_{stamp}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(f"{line}\t{stamp}\t00{ends}" for line in lines)
            path.write_bytes(text.encode("utf-16" if minutes % 2 else "utf-8"))


@pytest.mark.timeout(400)
def test_a_second_run_shows_the_same_and_stores_whatever_folder_is_dropped_into_it(
    first: dict[str, Any], run_dir: Path, tmp_path: Path
) -> None:
    strangers(tmp_path / "brought")
    told: dict[str, Any] = {}

    def drop() -> None:
        wait_for((run_dir / "loggers.pid").exists)
        quantrac(run_dir, "stations", "import", "--keep", "quantrac/data/recorded/tt10-samples.toml")
        shutil.copytree(tmp_path / "brought", run_dir / "stations", dirs_exist_ok=True)

        def stored() -> bool:
            told.update(json.loads(quantrac(run_dir, "ledger", "--json")))
            found = {s["station"]: s["readings"]["stored"] for s in told["stations"] if s["readings"]}
            return {code: found.get(code) for code in SAMPLES} == {
                code: 24 * len(sensors) for code, (sensors, _) in SAMPLES.items()
            }

        wait_for(stored)

    again = demo_once(run_dir, drop)
    assert told["residual"] == 0
    assert again["files"]["read"] == again["files"]["written"] + 24 * len(SAMPLES)
    assert again["files"]["readings"] == 7 * again["files"]["written"], "the others' have accounts of their own"
    assert again["files"]["ledger_residual"] == 0
    assert again["slug"]["parameter"] == first["slug"]["parameter"]
    assert again["slug"]["ahead_s"] > 0
    assert [item["pages"] for item in again["work_items"]] == [0, 0, 0]
    assert again["residual"] == again["missing_messages"] == 0
    assert again["revisions"] == 0, "no station says otherwise of what the first run has told"
    assert (run_dir.with_name(f"{run_dir.name}{BEFORE}") / "mail").is_dir(), "the first run's data are kept"


def test_nothing_is_left_running(first: dict[str, Any], run_dir: Path) -> None:
    left = [
        p.info["cmdline"]
        for p in psutil.process_iter(["cmdline"])
        if any(str(run_dir) in word for word in p.info["cmdline"] or ())
    ]
    assert left == []


def test_secrets_are_private(first: dict[str, Any], run_dir: Path) -> None:
    for name in ("secrets.json", "ports.json"):
        assert (run_dir / name).stat().st_mode & 0o077 == 0
    for log in (run_dir / "log").iterdir():
        text = log.read_text("utf-8", errors="replace")
        assert not [s for s in _secrets(run_dir) if s in text], log


def _secrets(run_dir: Path) -> list[str]:
    found: list[str] = []

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                collect(inner)
        elif isinstance(value, str) and len(value) >= 16:
            found.append(value)

    collect(json.loads((run_dir / "secrets.json").read_text("utf-8")))
    assert found
    return found

"""The newcomer's command: one slug, one explained e-mail, every reading accounted for, nothing left running."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantrac.registry import load_registry, sample_province
from quantrac.servers.mail import CaughtMail, read_index
from quantrac.settings import load_settings


@pytest.fixture(scope="module")
def run_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="quantrac-demo-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def first(run_dir: Path) -> dict[str, Any]:
    return demo_once(run_dir)


def demo_once(run_dir: Path) -> dict[str, Any]:
    environment = os.environ | {
        "QUANTRAC_RUN_DIR": str(run_dir),
        "QUANTRAC_CACHE_DIR": str(load_settings().cache_dir),
    }
    command = [sys.executable, "-m", "quantrac", "demo", "--once"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=380, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def text_of(mail: CaughtMail) -> str:
    body = mail.message().get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.timeout(400)
def test_every_published_reading_is_accounted_for(first: dict[str, Any]) -> None:
    accounted = sum(first[k] for k in ("stored", "duplicates", "revisions", "dead_letters", "in_flight"))
    assert first["published"] == accounted > 500
    assert first["residual"] == first["in_flight"] == first["missing_messages"] == first["dead_letters"] == 0


def test_the_slug_was_mailed_with_its_reasons(first: dict[str, Any], run_dir: Path) -> None:
    assert first["emails_delivered"] >= 1
    assert 0 < first["alert_delay_s"] < 30
    text = text_of(read_index(run_dir / "mail")[0])
    for words in ("vượt giới hạn", "QCVN 40:2011", "Việc cần làm", "What to do", "TRẠM MINH HỌA"):
        assert words in text
    assert text.index("Việc cần làm") < text.index("What to do")  # Vietnamese first


def test_nobody_was_told_of_anything_but_the_slug(first: dict[str, Any], run_dir: Path) -> None:
    with (run_dir / "simulate" / "fleet-labels.csv").open(encoding="utf-8", newline="") as file:
        polluted = {row["station"] for row in csv.DictReader(file) if row["kind"] == "pollution_slug"}
    told = " ".join(text_of(mail) for mail in read_index(run_dir / "mail"))
    named = {s.code for s in load_registry([sample_province()]).stations if s.code in told}
    assert named == polluted


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

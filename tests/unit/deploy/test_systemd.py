"""The unit files are what systemd understands."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[3] / "deploy" / "systemd"
PROCESSES = ("bridge", "worker", "incidents", "notifier", "trainer", "reporter")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")
def test_systemd_has_nothing_to_say_against_the_units(tmp_path: Path) -> None:
    names = [f"quantrac@{p}.service" for p in PROCESSES] + ["quantrac-worker@2.service"]
    for unit in UNITS.glob("*.service"):
        # The program and the user are those of another machine: everything else is verified as it stands.
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text("utf-8"))
        (tmp_path / unit.name).write_text(re.sub(r"(?m)^(User|Group)=.*\n|^Documentation=.*\n", "", text), "utf-8")
    shutil.copy(UNITS / "quantrac.target", tmp_path)
    for name in names:
        template = re.sub(r"@.*\.", "@.", name)
        (tmp_path / name).write_bytes((tmp_path / template).read_bytes())
    paths = [str(tmp_path / name) for name in names]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, check=False
    )
    said = [line for line in done.stderr.splitlines() if "quantrac" in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda p: p.name)
def test_a_process_is_started_again_and_may_do_little(unit: Path) -> None:
    text = unit.read_text("utf-8")
    for line in ("Restart=always", "NoNewPrivileges=yes", "ProtectSystem=strict", "User=quantrac", "UMask=0077"):
        assert line in text.splitlines(), line
    assert "PASSWORD" not in text.upper()

"""13.9: whatever stands in a command's arguments, it answers with a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stations", "check", "x" * 5000], "File name too long"),
        (["limits", "check", "x" * 5000], "File name too long"),
        (["replay", "x" * 5000], "File name too long"),
        (["stations", "states", "--hours", "9" * 400], "hours"),
    ],
)
def test_number_9_an_argument_that_is_of_no_use_is_a_sentence(tmp_path: Path, arguments: list[str], told: str) -> None:
    command = [sys.executable, "-m", "quantrac", *arguments]
    env = {"QUANTRAC_RUN_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in (1, 2)
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 1000

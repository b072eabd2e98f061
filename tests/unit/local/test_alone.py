"""A run folder that another process holds is waited for, and the one who waits is told what for."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from local.alone import FILE, alone
from quantrac.errors import ServerError


def test_one_at_a_time_holds_a_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with alone(tmp_path):
        told = rf"process {os.getpid()} runs, or stops, everything in .* \(Ctrl-C"
        with pytest.raises(ServerError, match=told), alone(tmp_path, patience_s=0.0):
            pass
        stopped = threading.Event()
        stopped.set()
        with pytest.raises(ServerError), alone(tmp_path, stopped):
            pass
    with alone(tmp_path, patience_s=0.0):
        assert (tmp_path / FILE).read_text() == f"{os.getpid()}\n"


def test_who_waits_goes_on_when_the_other_has_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = alone(tmp_path / "new")
    first.__enter__()
    ends = threading.Timer(0.3, lambda: first.__exit__(None, None, None))
    ends.start()
    with alone(tmp_path / "new", patience_s=30.0):
        ends.join()
    assert capsys.readouterr().err.count("Waiting until") == 1

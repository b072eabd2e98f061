"""Number 13: the demo writes into servers of its own, whatever the run folder holds."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from local import demo
from quantrac.clock import SystemClock
from quantrac.errors import QuantracError
from quantrac.settings import Settings


def test_number_13_the_demo_has_a_run_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []

    def servers(settings: Settings) -> None:
        asked.append(settings.run_dir)
        raise QuantracError("far enough")

    monkeypatch.setattr(demo, "local_servers", servers)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(QuantracError, match="far enough"):
        demo.run(Settings(run_dir=tmp_path), SystemClock(), once=True, workers=1, scenario="demo", seed=1)
    assert asked == [tmp_path / "demo"]

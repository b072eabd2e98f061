from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from local.servers import LocalServers
from local.stage import Stage
from local.up import parts_of
from quantrac.clock import SystemClock
from quantrac.errors import QuantracError
from quantrac.settings import Settings


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(LocalServers(tmp_path / "run", tmp_path / "cache"), SystemClock(), workers=2)


def test_the_pipeline_in_the_order_of_a_readings_way(stage: Stage) -> None:
    assert [each.name for each in stage.parts] == ["bridge", "worker-1", "worker-2", "incidents", "notifier", "trainer"]
    assert stage.restarts == 0


@pytest.mark.parametrize("said", ["No mail.", lambda: "No mail."], ids=["words", "made when asked for"])
def test_a_wait_that_is_over_says_what_did_not_happen(stage: Stage, said: Callable[[], str] | str) -> None:
    with pytest.raises(QuantracError, match=r"^No mail\. \(Waited 0 s\.\)$"):
        stage.until(lambda: False, 0, said)


def test_what_holds_already_is_not_waited_for(stage: Stage) -> None:
    assert stage.until(lambda: True, 0, "Never said.") < 0.1
    assert stage.restarts == 0


def test_stopping_what_never_ran_is_no_error(stage: Stage) -> None:
    stage.stop()
    stage.stop()


def test_up_runs_what_reads_and_forwards_files_where_it_is_told_to(tmp_path: Path) -> None:
    bare = Settings(run_dir=tmp_path)
    both = Settings(run_dir=tmp_path, drop_folder=tmp_path / "in", forward_target=str(tmp_path / "out"))
    names = [each.name for each in parts_of(bare, 1)]
    assert {"dropfolder", "forwarder"}.isdisjoint(names)
    assert [each.name for each in parts_of(both, 1)] == ["dropfolder", *names, "forwarder"]

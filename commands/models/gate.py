"""What speaks against a promotion: a worse validation, or the field exam."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commands.models.exam import simulated
from commands.models.views import difference_table, progress
from models.artefacts.loading import load_pipeline
from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError
from models.evaluation.evaluate import run_all
from models.evaluation.exam import Exam, examine, failing, figures
from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted
from models.series import Series
from quantrac.terminal import say

STATIONS, DAYS, SEED = 2, 21, 20261
"""The exam before a promotion: some 12,000 rows, judged twice in half a minute. The seed teaches nothing."""


def refusals(store: ArtefactStore, active: Artefact | None, candidate: Artefact, data: Path | None) -> list[str]:
    """Return in words why a candidate should not be promoted; print how it compares. Raises ModelError."""
    fitted = load_pipeline(store, candidate.sha256)
    if active is not None and active.sha256 == candidate.sha256:
        return []
    out: list[str] = []
    if active is not None:
        worse = difference_table(store, active, candidate, data)
        if worse:
            out.append(f"it is worse than the active {active.sha256[:12]} in {', '.join(worse)}")
    return out + _examined(fitted, _active(store, active))


def _active(store: ArtefactStore, active: Artefact | None) -> Fitted:
    """Return what judges now; where nothing learnt does, or it is refused, what every new station has."""
    try:
        return Fitted.untaught() if active is None else load_pipeline(store, active.sha256)
    except ModelError:
        return Fitted.untaught()


def _examined(candidate: Fitted, active: Fitted) -> list[str]:
    with progress() as tell:
        tell("the field exam: simulated stations")
        series = simulated(SEED, STATIONS, DAYS)
        tell("the field exam: the candidate")
        new = _sat(candidate, series)
        tell("the field exam: what is active")
        old = _sat(active, series)
    failed = [f"the field exam: {one}" for one in failing(new, old)]
    if not failed:
        say(f"The field exam is passed ({STATIONS} simulated stations of {DAYS} days).")
    return failed


def _sat(fitted: Fitted, series: Sequence[Series]) -> Exam:
    """Return the exam's figures of a pipeline, judged as at a station."""
    return figures([examine(run) for run in run_all(StationRun(fitted).run, series)])

"""What speaks against a promotion: a worse validation, or the field exam."""

from __future__ import annotations

from pathlib import Path

from commands.models.exam import simulated
from commands.models.views import difference_table, progress
from models.artefacts.loading import load_fitted
from models.artefacts.store import Artefact, ArtefactStore
from models.evaluation.gate import failing, sat
from models.pipeline.configs import STATION_DEFAULT
from models.pipeline.pipeline import Fitted
from quantrac.terminal import say

STATIONS, DAYS, SEED = 2, 21, 20261
"""The exam before a promotion: some 12,000 rows, judged twice in half a minute. The seed teaches nothing."""


def refusals(store: ArtefactStore, active: Artefact | None, candidate: Artefact, data: Path | None) -> list[str]:
    """Return in words why a candidate should not be promoted; print how it compares. Raises ModelError."""
    fitted = load_fitted(store, candidate.sha256)[1]
    if active is not None and active.sha256 == candidate.sha256:
        return []
    out: list[str] = []
    if active is not None:
        worse = difference_table(store, active, candidate, data)
        if worse:
            out.append(f"it is worse than the active {active.sha256[:12]} in {', '.join(worse)}")
    if isinstance(fitted, Fitted):
        out += _examined(fitted, _active(store, active))
    return out


def _active(store: ArtefactStore, active: Artefact | None) -> Fitted:
    """Return what judges now; where nothing learnt does, or it is of another kind, what every new station has."""
    found = None if active is None else load_fitted(store, active.sha256)[1]
    return found if isinstance(found, Fitted) else Fitted.untaught(STATION_DEFAULT)


def _examined(candidate: Fitted, active: Fitted) -> list[str]:
    with progress() as tell:
        tell("the field exam: simulated stations")
        series = simulated(SEED, STATIONS, DAYS)
        tell("the field exam: the candidate")
        new = sat(candidate, series)
        tell("the field exam: what is active")
        old = sat(active, series)
    failed = [f"the field exam: {one}" for one in failing(new, old)]
    if not failed:
        say(f"The field exam is passed ({STATIONS} simulated stations of {DAYS} days).")
    return failed

"""Trains a pipeline on a family's files or a station's history, keeps it as an artefact, and compares two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from models.artefacts.loading import load_pipeline, packed
from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError
from models.evaluation.detectors import STATION, detector_named
from models.evaluation.evaluate import run_all, summarise
from models.evaluation.families.base import Family, Figures
from models.evaluation.leaderboard import cross_validate
from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted
from models.series import Series, by_row
from models.training.fitting import fit
from quantrac import __version__

GUARDED = ("event_f1", "point_f1")
"""Figures that a candidate must not worsen by more than the tolerance."""
TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Difference:
    """Figures of the active model and of a candidate, run beside each other over the same series."""

    active: Figures
    candidate: Figures
    alarmed_rows_active: int
    alarmed_rows_candidate: int
    alarmed_rows_both: int

    @property
    def worse(self) -> tuple[str, ...]:
        """Names of the guarded figures in which the candidate is worse."""
        return worse_figures(self.active, self.candidate)


def worse_figures(active: Figures, candidate: Figures) -> tuple[str, ...]:
    """Return the guarded figures in which a candidate is worse than the active model by more than the tolerance."""
    names = []
    for name in GUARDED:
        old, new = active.get(name), candidate.get(name)
        if isinstance(old, float) and isinstance(new, float) and new < old - TOLERANCE:
            names.append(name)
    return tuple(names)


def data_sha256(series: Sequence[Series]) -> str:
    """Return a hash of times, columns, values and labels: equal data give equal hashes, whatever the files' names."""
    return hashlib.sha256("".join(sorted(one.sha256 for one in series)).encode()).hexdigest()


def train(store: ArtefactStore, family: Family, series: Sequence[Series], *, name: str, at: datetime) -> Artefact:
    """Fit the station's pipeline on all series, take its figures by cross-validation, and keep both.

    Raises
    ------
    ModelError
        There is no series, or the folder of artefacts cannot be written.
    """
    if not series:
        raise ModelError("there is nothing to learn from: give a folder with at least one file of the family")
    validated = cross_validate(family, STATION, detector_named(STATION, family.budget_per_day), series).total
    fitted = fit(series, family.budget_per_day)
    return keep(store, fitted, validated, series, name=name, learnt_from=family.name, at=at)


def keep(
    store: ArtefactStore,
    fitted: Fitted,
    figures: Mapping[str, object],
    series: Sequence[Series],
    *,
    name: str,
    learnt_from: str,
    at: datetime,
) -> Artefact:
    """Store a pipeline with its figures, and which series it has learnt from. Raises ModelError."""
    numbers = {k: v for k, v in figures.items() if isinstance(v, float | int | None) and k != "ms_per_row"}
    about = Artefact(
        sha256="",
        name=name,
        detector=STATION,
        created_at=at.isoformat(),
        window_start=_stamp(min(s.times.min() for s in series)),
        window_end=_stamp(max(s.times.max() for s in series)),
        data_sha256=data_sha256(series),
        metrics={k: None if v is None else float(v) for k, v in numbers.items()},
        code_version=__version__,
        learnt_from=learnt_from,
    )
    return store.add(packed(fitted), about)


def compare(
    store: ArtefactStore, family: Family, active: Artefact, candidate: Artefact, series: Sequence[Series]
) -> Difference:
    """Run a candidate as a shadow beside the active model over labelled series."""
    sides = []
    for artefact in (active, candidate):
        runs = run_all(StationRun(load_pipeline(store, artefact.sha256)).run, series)
        rows = np.concatenate([by_row(r.result.alarm) for r in runs])
        sides.append((summarise(family, artefact.detector, runs).total, rows))
    (old, old_rows), (new, new_rows) = sides
    return Difference(old, new, int(old_rows.sum()), int(new_rows.sum()), int((old_rows & new_rows).sum()))


def _stamp(instant: np.datetime64) -> str:
    moment: datetime = instant.astype("datetime64[us]").item()
    return moment.replace(tzinfo=UTC).isoformat()

"""Retraining of stations: history from the database in, an artefact out unless it would be worse."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from models.artefacts.candidates import keep
from models.artefacts.loading import load_pipeline
from models.artefacts.retraining import Closed, Measured, retrain, series_of
from models.artefacts.store import DEFAULT, Artefact, ArtefactStore
from models.errors import ModelError
from models.pipeline.pipeline import Fitted
from models.series import Series
from quantrac.clock import Clock
from quantrac.domain.stations import Registry, Station, StationKind
from quantrac.errors import QuantracError
from quantrac.telemetry import get_logger
from sql.catalogue import load_registry
from sql.reports import Reports

_log = get_logger(__name__)
MOST_ROWS = 30_000
"""Of one station: 15 weeks at five minutes. A faster station is trained on its last days."""

KEPT = 7
"""Artefacts of a station that are kept beside those in use, some .6 MB each: a week's nights to go back to."""


@dataclass(frozen=True, slots=True)
class Retrained:
    """What became of one station's retraining. Figures are those of the last weeks."""

    station: str
    outcome: str
    rows: int = 0
    sha256: str | None = None
    active: dict[str, object] = field(default_factory=dict)
    candidate: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainerOptions:
    """What training needs of the settings."""

    database: str = field(repr=False)
    """The reader's connection."""
    models_dir: Path
    history: timedelta
    """How much of a station's past is learnt from."""
    least_rows: int
    false_alarms_per_week: float


class Trainer:
    """Reads histories from the database, writes artefacts to the models folder."""

    def __init__(self, options: TrainerOptions, clock: Clock) -> None:
        self._options, self._clock = options, clock
        self._store = ArtefactStore(options.models_dir)

    def stations(self, wanted: Sequence[str] | None = None) -> list[str]:
        """Return the codes of the registered stations, or of the wanted ones. Raises QuantracError for an unknown."""
        codes = [s.code for s in self._registry().current(self._clock.now())]
        for code in wanted or ():
            if code not in codes:
                raise QuantracError(f"There is no station {code!r}: `quantrac stations list` names them.")
        return list(wanted) if wanted else codes

    def retrain_all(self, stop: threading.Event) -> None:
        """Train every station once, unless ``stop`` is set meanwhile. Raises StoreError: the database is away."""
        for code in self.stations():
            if stop.is_set():
                return
            self.retrain(code)

    def retrain(self, code: str, *, as_shadow: bool = False) -> Retrained:
        """Train one station anew; the candidate is promoted (or runs as a shadow) unless it is worse.

        Raises
        ------
        StoreError
            The database is out of reach.
        """
        now = self._clock.now()
        station = self._registry().station(code, now)
        if station is None:
            return Retrained(code, "not registered")
        series = self._history(station, now)
        least = self._options.least_rows
        if len(series.times) < least:
            return self._told(
                Retrained(code, f"too little history: {len(series.times)} of {least} rows", len(series.times))
            )
        try:
            return self._told(self._trained(code, series, now, as_shadow))
        except ModelError as exc:
            return self._told(Retrained(code, f"not replaced: {exc}", len(series.times)))
        except Exception as exc:  # noqa: BLE001  one station's history must not keep the others from being trained
            _log.exception("retraining_of_a_station_failed", station=code)
            return self._told(Retrained(code, f"not replaced: {type(exc).__name__}: {exc}", len(series.times)))

    def _trained(self, code: str, series: Series, now: datetime, as_shadow: bool) -> Retrained:
        active = self._store.active(code) or self._store.active(DEFAULT)
        before = None if active is None else self._loaded(active)
        result = retrain(series, before, self._options.false_alarms_per_week / 7)
        facts = (len(series.times), None, dict(result.active_figures), dict(result.candidate_figures))
        if result.worse:
            return Retrained(code, f"not replaced: the new one is worse in {', '.join(result.worse)}", *facts)
        learnt = [series.taking(slice(result.learnt_rows))]
        entry = keep(
            self._store, result.candidate, result.candidate_figures, learnt, name=code, learnt_from=code, at=now
        )
        if as_shadow:
            self._store.begin_shadow(entry.sha256, now)
        else:
            self._store.promote(entry.sha256, now)
        self._store.prune(code, KEPT)
        return Retrained(code, "runs as a shadow" if as_shadow else "promoted", facts[0], entry.sha256, *facts[2:])

    def _loaded(self, active: Artefact) -> Fitted | None:
        """Return the active model; a refused one is what the stream does without, too."""
        try:
            return load_pipeline(self._store, active.sha256)
        except ModelError as exc:
            _log.warning("artefact_refused", sha256=active.sha256, error=str(exc))
            return None

    def _registry(self) -> Registry:
        return load_registry(self._options.database)

    def _history(self, station: Station, now: datetime) -> Series:
        since = now - self._options.history
        with Reports(self._options.database) as reports:
            readings = reports.history(station.code, since, MOST_ROWS * max(len(station.sensors), 1))
            alerts = reports.past_alerts(station.code, since, now)
        return series_of(
            station.code,
            [s.parameter for s in station.sensors],
            (Measured(r.observed_at, r.parameter, r.value, r.flag, r.status) for r in readings),
            (Closed(a.parameter, a.since, a.until, a.closed_cause) for a in alerts),
            in_river=station.kind is StationKind.SURFACE_WATER,
        )

    @staticmethod
    def _told(report: Retrained) -> Retrained:
        _log.info(
            "retrained",
            station=report.station,
            outcome=report.outcome,
            rows=report.rows,
            sha256=report.sha256,
            event_f1_active=report.active.get("event_f1"),
            event_f1_candidate=report.candidate.get("event_f1"),
        )
        return report

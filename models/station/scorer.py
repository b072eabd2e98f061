"""The anomaly model of one station in a worker: charts and pipeline, each put aside when it fails and tried again.

Whatever fails here stops neither storing nor judging by limits; it is counted, logged, and kept where ``quantrac
status`` and ``quantrac doctor`` look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

import msgspec
from prometheus_client import Counter

from models.errors import ModelError
from models.pipeline.pipeline import warm as warm_pipeline
from models.protocol import Row
from models.slow.watches import warm as warm_watches
from models.station.charts import advance_together
from models.station.judging import RowAssessment, WatchConfig
from models.station.pipeline_memory import Pushed, ShadowCounts, StationWatch, push_together
from models.station.scores import ParameterScore, StationModel, joined
from models.station.together import all_or_each, tried
from quantrac.domain.stations import Sensor, Station
from quantrac.telemetry import get_logger

_log = get_logger(__name__)
_failures = Counter(
    "quantrac_worker_model_failures", "Batches of a station that the anomaly model failed on", ["station"]
)
T = TypeVar("T")
RETRY_AFTER = timedelta(minutes=10)
"""A model that failed on a row is tried again after this time, with the memory that it had before that row."""


class ScorerSnapshot(msgspec.Struct, array_like=True):
    """What is stored with every batch; the pipeline's base is stored apart, and seldom."""

    charts: bytes | None = None
    watch: bytes | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a part of the model does not score, and when it is tried again."""

    reason: str
    retry_at: datetime


class StationScorer:
    """Charts and pipeline of one station."""

    def __init__(self, station: Station, config: WatchConfig) -> None:
        self.station = station
        self.config = config
        self.charts: StationModel | None = StationModel(station.sensors)
        self.watch: StationWatch | None = StationWatch(config)
        self.trouble: Trouble | None = None
        self._kept: bytes | None = None
        """The pipeline's rows since its base, while it is put aside."""
        self._charted_before: bytes | None = None
        """The charts' memory as it was last stored: they go on from it after a failure."""
        self.noted: tuple[str | None, ...] | None = None
        """What the database has of this station's model."""

    @property
    def running(self) -> bool:
        """Whether an incident is running, so that the neighbours matter."""
        return self.watch is not None and self.watch.running

    def needs_base(self, now: datetime) -> bool:
        """Whether the pipeline was put aside and may be tried again, for which it needs its base."""
        return self.watch is None and self.trouble is not None and now >= self.trouble.retry_at

    def score(
        self, rows: Sequence[Row], now: datetime, beside: tuple[int, int] = (0, 0)
    ) -> list[dict[str, ParameterScore] | None]:
        """Score rows of one batch, in order. ``None`` for a row without scores: late, ahead of our clock, no model."""
        (scores,) = score_together([(self, rows, beside)], now)
        return scores

    def snapshot(self) -> ScorerSnapshot:
        """Return the part that is stored with every batch."""
        if self.charts is not None:
            self._charted_before = self.charts.snapshot()
        return ScorerSnapshot(self._charted_before, self._kept if self.watch is None else self.watch.light())

    def take_base(self, now: datetime) -> bytes | None:
        """Return the pipeline's base when it has to be stored with this batch."""
        watch = self.watch
        if watch is None or not watch.base_is_due:
            return None
        try:
            return watch.take_base()
        except Exception as exc:  # noqa: BLE001  a memory that cannot be written must not stop the stream
            self.watch, self._kept = None, None
            self._failed("pipeline", exc, (), now)
            return None

    def take_counts(self) -> ShadowCounts:
        """Return what was counted of a shadow since the last call."""
        return ShadowCounts() if self.watch is None else self.watch.take_counts()

    def use(self, config: WatchConfig) -> None:
        """Go on with other models."""
        if (config.active.sha256, _hash(config)) != (self.config.active.sha256, _hash(self.config)):
            self.config = replace(self.config, active=config.active, shadow=config.shadow)
            watch = self.watch
            if watch is not None:
                changed = self._restored("pipeline", lambda: watch.turned_to(config.active, config.shadow))
                self.watch = changed or StationWatch(self.config)
                if self.charts is not None:
                    self.trouble = None  # what failed was a shadow, and there is another one now, or none

    def go_on(self, snapshot: ScorerSnapshot, base: bytes | None) -> None:
        """Take up what was stored; what cannot be read starts anew."""
        if snapshot.charts is not None:
            self._charted_before = snapshot.charts
            self.charts = self._charts_again() or self.charts
        if snapshot.watch is not None:
            kept = snapshot.watch
            self.watch = self._restored("pipeline", lambda: StationWatch.restore(self.config, kept, base)) or self.watch

    def try_again(self, base: bytes | None) -> None:
        """Take the pipeline up again with the memory that it had before it failed."""
        self.watch, self.trouble = StationWatch(self.config), None
        self.go_on(ScorerSnapshot(None, self._kept), base)
        self._kept = None

    def _restored(self, part: str, restore: Callable[[], T]) -> T | None:
        try:
            return restore()
        except ModelError as exc:
            _log.warning("model_starts_anew", station=self.station.code, part=part, error=str(exc))
        except Exception:  # noqa: BLE001  a memory that cannot be taken up must not stop the stream
            _log.exception("model_starts_anew", station=self.station.code, part=part)
        return None

    def is_alarmed(self, scores: Mapping[str, ParameterScore]) -> bool:
        """Whether a chart is in alarm, of a parameter that may be alarmed."""
        return any(s.alarm and p not in self.config.covariates for p, s in scores.items())

    def try_charts_again(self, now: datetime) -> None:
        """Begin new charts, or take up those that failed, when it is time."""
        if self.charts is None and (self.trouble is None or now >= self.trouble.retry_at):
            self.charts = self._charts_again() or StationModel(self.station.sensors)
            self.trouble = self.trouble if self.watch is None else None

    def _charts_again(self) -> StationModel | None:
        """Return charts with the memory that was last stored; ``None`` where there is none that can be read."""
        stored = self._charted_before
        if stored is None:
            return None
        return self._restored("charts", lambda: StationModel.restore(self.station.sensors, stored))

    def charts_said(
        self, said: list[dict[str, ParameterScore] | None] | Exception, rows: Sequence[Row], now: datetime
    ) -> list[dict[str, ParameterScore] | None]:
        """Return what the charts said of rows; charts that failed are put aside."""
        if not isinstance(said, Exception):
            return said
        self.charts = None
        self._failed("charts", said, rows, now)
        return [None] * len(rows)

    def watch_said(
        self, said: list[RowAssessment] | Exception, rows: Sequence[Row], now: datetime
    ) -> list[RowAssessment]:
        """Return what the pipeline said of rows; one that failed is put aside."""
        watch = self.watch
        if isinstance(said, Exception):
            self.watch, self._kept = None, None if watch is None else watch.light()
            self._failed("pipeline", said, rows, now)
            return []
        if watch is not None and watch.shadow_failed is not None:
            self._failed("shadow", watch.shadow_failed, rows, now)
            watch.shadow_failed = None
        return said

    def _failed(self, part: str, exc: Exception, rows: Sequence[Row], now: datetime) -> None:
        self.trouble = Trouble(f"the {part} failed on a row: {type(exc).__name__}: {exc}"[:500], now + RETRY_AFTER)
        _log.error(
            "model_failed",
            station=self.station.code,
            part=part,
            rows_from=rows[0].observed_at.isoformat() if rows else None,
            retry_at=self.trouble.retry_at.isoformat(),
            exc_info=exc,
        )
        _failures.labels(station=self.station.code).inc()


Asked = tuple[StationScorer, Sequence[Row], tuple[int, int]]
"""A station and what ``StationScorer.score`` takes."""


def score_together(asked: Sequence[Asked], now: datetime) -> list[list[dict[str, ParameterScore] | None]]:
    """Score the rows of a batch, those of all stations in one go, each as ``StationScorer.score`` does by itself."""
    for scorer, _, _ in asked:
        scorer.try_charts_again(now)
    scores = _charted(asked, now)
    pushed: list[Pushed] = []
    places: list[tuple[int, list[int]]] = []
    for n, (scorer, rows, beside) in enumerate(asked):
        # A row that the charts refuse (late, ahead of our clock) is none for the pipeline either.
        taken = [i for i, one in enumerate(scores[n]) if one is not None]
        if scorer.watch is not None and taken:
            charted = [scorer.is_alarmed(scores[n][i] or {}) for i in taken]
            pushed.append((scorer.watch, [rows[i] for i in taken], charted, beside))
            places.append((n, taken))
    for (n, taken), (_, rows, *_), said in zip(places, pushed, push_together(pushed), strict=True):
        for i, assessment in zip(taken, asked[n][0].watch_said(said, rows, now), strict=False):
            scores[n][i] = joined(scores[n][i] or {}, assessment)
    return scores


def _charted(asked: Sequence[Asked], now: datetime) -> list[list[dict[str, ParameterScore] | None]]:
    scores: list[list[dict[str, ParameterScore] | None]] = [[None] * len(rows) for _, rows, _ in asked]
    charted = {n: (charts, rows) for n, (scorer, rows, _) in enumerate(asked) if (charts := scorer.charts) is not None}
    said = all_or_each(list(charted.values()), lambda part: advance_together(part, now))
    for (n, (charts, rows)), of_rows in zip(charted.items(), said, strict=True):
        worded = of_rows if isinstance(of_rows, Exception) else tried(partial(charts.worded, of_rows))
        scores[n] = asked[n][0].charts_said(worded, rows, now)
    return scores


def warm() -> None:
    """Compile what a row runs through, or read it from the cache on disk: the first row need not wait for it."""
    warm_pipeline()
    warm_watches()
    began = datetime.fromtimestamp(0, UTC)
    StationModel([Sensor("COD", "")]).score_row(Row(began, {"COD": 1.0}), began)


def _hash(config: WatchConfig) -> str | None:
    return None if config.shadow is None else config.shadow.sha256

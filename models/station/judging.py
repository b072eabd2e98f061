"""What one fitted pipeline makes of the rows of a station, row by row, whoever keeps the memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp2, inf, isnan
from typing import Any, NamedTuple, Self

import numpy as np

from models.chemistry import harmful
from models.features.table import SLOW_5
from models.pipeline.pipeline import Fitted, Scored, Scorer
from models.protocol import Triage
from models.series import Floats
from models.slow.finding import Finding
from models.triage.evidence import Context, known_to_triage
from models.triage.incident import Incident
from models.triage.incident import pages as likely_pollution
from models.triage.reasons import Facts
from quantrac.domain.stations import Station, StationKind

LEARNING_ROWS = 60
"""Rows before the pipeline itself raises an alarm; until then the charts alone do, which know priors."""
LEADING = 3.0
"""Scatters that a sensor must be off to be named as a cause of the row's alarm, unless it is the farthest off."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt elsewhere, under the hash of its artefact; ``None``: nothing, novelty alone assesses."""

    sha256: str | None = None
    fitted: Fitted | None = None

    @property
    def pipeline(self) -> Fitted:
        """The pipeline to assess with."""
        return self.fitted or Fitted.untaught()


@dataclass(frozen=True)
class WatchConfig:
    """What the registry says of a station, and what assesses it."""

    station: str
    parameters: tuple[str, ...]
    cadences_s: tuple[float, ...]
    limits: tuple[tuple[float, float], ...]
    active: Learnt = Learnt()
    shadow: Learnt | None = None
    """A candidate that assesses the same rows beside the active one; only counted."""
    legal: Mapping[str, float] = field(default_factory=dict)
    """Upper limits of the parameters that have one: what a slow watch may find values pressed under."""
    in_river: bool = False
    """Whether the station watches surface water, where rain is no discharge."""
    units: Mapping[str, str] = field(default_factory=dict)
    covariates: tuple[str, ...] = ()
    """Parameters that explain others and are never an alarm themselves; none at a station, where a flow meter that
    fails is a work item."""

    @classmethod
    def of(cls, station: Station, active: Learnt | None = None, shadow: Learnt | None = None) -> Self:
        """Return the configuration of a registered station."""
        sensors = station.sensors
        limits = tuple(
            (-inf if s.qc.sensor_min is None else s.qc.sensor_min, inf if s.qc.sensor_max is None else s.qc.sensor_max)
            for s in sensors
        )
        parameters, cadences = tuple(s.parameter for s in sensors), tuple(s.cadence_s for s in sensors)
        river = station.kind is StationKind.SURFACE_WATER
        return cls(
            station.code,
            parameters,
            cadences,
            limits,
            active or Learnt(),
            shadow,
            in_river=river,
            units={s.parameter: s.unit for s in sensors},
        )


class Watched(NamedTuple):
    """One row as it is assessed, and as it is kept until the next base. Lists, so that it reads back as written."""

    at_s: float
    values: list[float]
    calibrating: list[str]
    faulty: list[str]
    charted: bool
    """Whether a chart of one of its sensors is in alarm."""
    neighbours: int
    neighbours_alarmed: int
    visited_ago_s: float
    """Since a sensor of the station was last calibrated; NaN: never seen."""
    odd: list[list[float]]
    """What the logger reported where it is not what is assessed: number of the parameter, value, code of the status."""


@dataclass(frozen=True, slots=True)
class RowAssessment:
    """What pipeline and triage say of a row. ``severity`` is 1.0 at the threshold."""

    severity: float
    alarm: bool
    leading: Mapping[str, float] = field(default_factory=dict)
    """While in alarm: the sensors farthest off, in scatters, with sign."""
    triage: Triage | None = None
    """Of the running incident, which a chart's alarm begins as well."""
    findings: tuple[Finding, ...] = ()
    """What the slow watches see: work items of single sensors."""


class StationAssessor:
    """One fitted pipeline over the rows of a station, beside the station's charts."""

    def __init__(self, config: WatchConfig, learnt: Learnt) -> None:
        self.learnt = learnt
        self._parameters = config.parameters
        self.scorer = Scorer(learnt.pipeline, config.parameters, config.covariates, np.array(config.limits))
        """What scores the rows before they are assessed."""
        self.incident = Incident(config.parameters, self.scorer.targets)
        """The running incident, or where the next one will be. What begins one is more than the pipeline knows of: a
        chart's alarm does as well."""
        self.incident.in_river = config.in_river
        self.incident.facts = Facts(config.units, config.legal)
        self.scored: Scored | None = None
        """What was made of the last rows."""
        self.rows = 0
        self.alarmed = self.paging = False
        """What the last row was; counted are the beginnings."""
        self._named: list[str] = []
        """The sensors that the last row beyond the threshold named."""

    def assess(
        self, scored: Scored, rows: Sequence[Watched], values: Floats, findings: Sequence[Sequence[Finding]]
    ) -> list[RowAssessment]:
        """Assess the next rows, which were just scored. ``findings`` has what stands after each."""
        self.scored = scored
        # Lists, not arrays: mostly one row, and each call of numpy costs more than that.
        alarm = [on and self.rows + i >= LEARNING_ROWS for i, on in enumerate(scored.alarm.tolist())]
        self.rows += len(rows)
        severities = [exp2(min(max(margin, -20.0), 20.0)) for margin in scored.margin.tolist()]
        on = [mine or row.charted for mine, row in zip(alarm, rows, strict=True)]
        contexts: list[Context] = []
        if self.incident.running or any(on):
            contexts = [_context(row, found) for row, found in zip(rows, findings, strict=True)]
        shares = scored.shares if self.scorer.fitted.taught else None
        triages = self.incident.push(scored.features, np.array(on, dtype=np.bool_), shares, values, contexts)
        return [
            self._alarmed(scored, i, severity, triage) if alarm[i] else RowAssessment(severity, False, triage=triage)
            for i, (severity, triage) in enumerate(zip(severities, triages, strict=True))
        ]

    def _alarmed(self, scored: Scored, i: int, severity: float, triage: Triage | None) -> RowAssessment:
        off = {self._parameters[j]: float(scored.features.cells[i, j, SLOW_5]) for j in self.scorer.targets}
        if scored.margin[i] >= 0.0 or not self._named:
            bar = min(LEADING, max(map(abs, off.values())))
            self._named = [p for p, z in off.items() if abs(z) >= bar]
        return RowAssessment(severity, True, {p: off[p] for p in self._named}, triage)

    def state(self) -> Any:
        """Return the memory, with what it belongs to."""
        last = [self.alarmed, self.paging, self._named]
        return [self.learnt.sha256, self.rows, last, self.scorer.state(), self.incident.state()]

    def set_state(self, state: Any) -> None:
        """Go on from a memory; of one of another artefact, with what rows have taught only."""
        sha256, rows, last, scorer, incident = state
        if sha256 != self.learnt.sha256:
            scorer = {**scorer, "lines": self.scorer.lines_state()}
        self.scorer.set_state(scorer)
        self.incident.set_state(incident)
        self.rows, (self.alarmed, self.paging, self._named) = rows, last


def pages(assessment: RowAssessment) -> bool:
    """Whether an assessment alone would page: pollution is likely, and something moved to its polluting side."""
    if not likely_pollution(assessment.triage):
        return False
    return not assessment.alarm or any(harmful(p, z) for p, z in assessment.leading.items())


def _context(row: Watched, findings: Sequence[Finding]) -> Context:
    return replace(
        known_to_triage(findings),
        calibrating=frozenset(row.calibrating),
        faulty=frozenset(row.faulty),
        neighbours=row.neighbours,
        neighbours_alarmed=row.neighbours_alarmed,
        maintenance_ago_s=None if isnan(row.visited_ago_s) else row.visited_ago_s,
    )

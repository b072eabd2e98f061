"""The pipeline as the evaluation sees it: one short configuration a family, and parts that can be left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from models.evaluation.detectors import Fitted
from models.families import FAMILIES, FamilyConfig
from models.fitting import fit
from models.series import Series

_NEVER = 10**9
"""Rows that no series has."""
SECOND_STAGE = "second_stage"

Change = Callable[[FamilyConfig], FamilyConfig]


def _without_cross(config: FamilyConfig) -> FamilyConfig:
    cross = replace(config.features.cross, warm_rows=_NEVER)
    return replace(config, features=replace(config.features, cross=cross))


def _without_freeze(config: FamilyConfig) -> FamilyConfig:
    slow = replace(config.features.slow, freeze=float("inf"))
    fast = replace(config.features.fast, freeze=float("inf"))
    return replace(config, features=replace(config.features, slow=slow, fast=fast))


def _without_contrast(config: FamilyConfig) -> FamilyConfig:
    return replace(config, features=replace(config.features, contrast=None), together=None)


PARTS: Mapping[str, Change] = {
    SECOND_STAGE: lambda config: replace(config, blend=1.0),
    "novelty": lambda config: replace(config, blend=0.0),
    "context": lambda config: replace(config, context=None),
    "settled": lambda config: replace(config, settled=None),
    "leap": lambda config: replace(config, leap=None),
    "cross_sensor": _without_cross,
    "horizons": lambda config: replace(config, features=replace(config.features, off=frozenset({"horizons"}))),
    "time_of_day": lambda config: replace(config, features=replace(config.features, daily=False)),
    "freeze": _without_freeze,
    "injections": lambda config: replace(config, injections=None),
    "contrast": _without_contrast,
    "together": lambda config: replace(config, together=None),
    "adaptive_threshold": lambda config: replace(config, adapt=0.0),
    "confirmation": lambda config: replace(config, smooth_rows=1.0),
    "hold": lambda config: replace(config, hold_rows=0, quiet_rows=0),
    "visits": lambda config: replace(config, features=replace(config.features, visits=False)),
    "levels": lambda config: replace(config, features=replace(config.features, levels=False)),
    "patterns": lambda config: replace(config, features=replace(config.features, patterns=False)),
    "standstill": lambda config: replace(config, features=replace(config.features, standstill=None)),
    "surroundings": lambda config: replace(config, surroundings=config.surroundings and not config.by_sensor),
    "event_edges": lambda config: replace(config, edge_rows=0),
    "watches": lambda config: replace(config, watched=False),
    "stuck": lambda config: replace(config, stuck_rows=0),
    "pollution_line": lambda config: replace(config, pollution_line=False),
    "event_weights": lambda config: replace(config, event_rows=_NEVER),
}
"""What can be left out: the change of the configuration that leaves it out."""


@dataclass(frozen=True, slots=True)
class PipelineDetector:
    """The pipeline for one family, without some parts."""

    family: str
    off: frozenset[str] = frozenset()

    def fit(self, train: Sequence[Series]) -> Fitted:
        """Learn from ``train``; without labelled series, or without the second stage, it judges by novelty alone."""
        return fit(() if SECOND_STAGE in self.off else train, config_without(FAMILIES[self.family], self.off))


def config_without(config: FamilyConfig, off: frozenset[str]) -> FamilyConfig:
    """Return a configuration with some parts left out."""
    for part in sorted(off):
        config = PARTS[part](config)
    return config


def parts_of(config: FamilyConfig) -> tuple[str, ...]:
    """Return the parts that a configuration makes use of: leaving out one of the others changes nothing."""
    return tuple(part for part in PARTS if config_without(config, frozenset({part})) != config)

"""The unlabelled part of the pipeline: novelty of sizes, mixed with what else the configuration asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

from models.families import FamilyConfig
from models.features.table import Features
from models.novelty import Novelty
from models.novelty_context import ContextNovelty
from models.novelty_leap import Leaps
from models.novelty_settled import Settled
from models.series import Floats, Times


class Unlabelled:
    """What says "unusual" without any label, as log-odds; streaming, chunked pushes give equal results."""

    def __init__(self, columns: tuple[str, ...], targets: list[int], config: FamilyConfig) -> None:
        self._targets = targets
        self._by_sensor = config.by_sensor
        self._sizes = Novelty(len(targets) if config.by_sensor else 1, config.features.slow.settle_rows)
        self._context = ContextNovelty(len(targets), config.context) if config.context is not None else None
        self._settled = Settled(len(targets), config.settled) if config.settled is not None else None
        self._leaps = Leaps(columns, targets, config.leap) if config.leap is not None else None

    def push(self, times: Times, values: Floats, features: Features) -> Floats:
        """Return novelty, shape (rows, lines): a line for each judged sensor, or one for the row."""
        novelty = self._sizes.push(features, self._targets, self._by_sensor)
        if self._context is not None:
            novelty = self._mixed(novelty, self._context.push(values[:, self._targets]), self._context.config.share)
        if self._settled is not None:
            novelty = self._mixed(novelty, self._settled.push(values[:, self._targets]), self._settled.config.share)
        if self._leaps is not None:
            leaps = self._leaps.push(times, values)[:, self._targets]
            novelty = self._mixed(novelty, leaps, self._leaps.config.share)
        return novelty

    def _mixed(self, novelty: Floats, other: Floats, share: float) -> Floats:
        lines = other if self._by_sensor else other.max(axis=1, keepdims=True)
        return np.asarray((1.0 - share) * novelty + share * lines)

    def state(self) -> dict[str, Any]:
        """Return the whole memory as numbers, lists and arrays."""
        return {
            "sizes": [self._sizes.counts, self._sizes.rows],
            "context": self._context.state() if self._context is not None else None,
            "settled": self._settled.state() if self._settled is not None else None,
            "leaps": self._leaps.state() if self._leaps is not None else None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from a memory returned by ``state``."""
        self._sizes.counts, self._sizes.rows = state["sizes"]
        if self._context is not None:
            self._context.set_state(state["context"])
        if self._settled is not None:
            self._settled.set_state(state["settled"])
        if self._leaps is not None:
            self._leaps.set_state(state["leaps"])

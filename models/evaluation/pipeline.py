"""The pipeline as the evaluation sees it: one short configuration a family, parts that can be switched off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Protocol, cast

from models.errors import ModelError
from models.evaluation.detectors import Fitted
from models.series import Series


class Pipeline(Protocol):
    """What ``models.pipeline`` offers."""

    PARTS: tuple[str, ...]
    """Parts that a configuration can leave out, by name: ``config.off`` holds those that are."""

    def config_for(self, family: str) -> Any:
        """Return the configuration of a family: a frozen dataclass with a field ``off: frozenset[str]``."""
        ...

    def fit(self, train: Sequence[Series], config: Any) -> Fitted:
        """Learn from series."""
        ...


@dataclass(frozen=True, slots=True)
class PipelineDetector:
    """The pipeline for one family, with some parts switched off."""

    family: str
    off: frozenset[str] = frozenset()

    def fit(self, train: Sequence[Series]) -> Fitted:
        """Learn from ``train``; without any, the pipeline learns from the head of each series that it judges."""
        pipeline = load_pipeline()
        config = pipeline.config_for(self.family)
        return pipeline.fit(train, replace(config, off=self.off) if self.off else config)


def load_pipeline() -> Pipeline:
    """Return the module of the pipeline. Raises ModelError where this installation has none."""
    try:
        return cast("Pipeline", import_module("models.pipeline"))
    except ModuleNotFoundError as exc:
        raise ModelError(f"the pipeline cannot be loaded ({exc}): install quantrac with all its dependencies") from exc

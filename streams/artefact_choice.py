"""The artefacts that score the stations: loaded by hash when the worker starts and when the folder's index changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.artefacts.loading import load_pipeline
from models.artefacts.store import DEFAULT, ArtefactStore
from models.errors import ModelError
from models.pipeline.pipeline import BUDGET_PER_DAY, Fitted
from models.station.judging import Learnt, WatchConfig
from quantrac.domain.stations import Station
from quantrac.telemetry import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Loaded:
    learnt: Learnt
    problem: str | None = None


class ArtefactChoice:
    """What scores which station. An artefact that is refused is told of, and the station goes on without it."""

    def __init__(self, folder: Path | None, budget_per_day: float = BUDGET_PER_DAY) -> None:
        self._untaught = Learnt(None, Fitted.untaught(budget_per_day))
        self._store = None if folder is None else ArtefactStore(folder)
        self.version = 0
        """Grows whenever another artefact may score."""
        self._seen: object = None
        self._active: dict[str, str] = {}
        self._shadows: dict[str, str] = {}
        self._loaded: dict[str, _Loaded] = {}
        self._trouble: str | None = None
        self.refresh()

    def refresh(self) -> bool:
        """Look whether the index has changed, and read it anew if so. Cheap: call it every few seconds."""
        if self._store is None or self._store.stamp() == self._seen:
            return False
        self._seen = self._store.stamp()
        try:
            self._active, self._shadows, self._trouble = *self._store.chosen(), None
        except ModelError as exc:
            # What was loaded before goes on: an index that cannot be read names no other artefact.
            _log.error("model_index_refused", error=str(exc))
            self._trouble = str(exc)
        wanted = {*self._active.values(), *self._shadows.values()}
        # Refused ones are tried again: the file may have been restored.
        self._loaded = {h: c for h, c in self._loaded.items() if h in wanted and c.problem is None}
        for sha256 in wanted:
            self._choice(sha256)
        self.version += 1
        _log.info("models_chosen", active=self._active, shadows=self._shadows)
        return True

    def config_of(self, station: Station) -> WatchConfig:
        """Return what judges a station: its own active artefact, else the default one, else novelty alone."""
        active = self._choice(self._of(self._active, station.code))
        shadow = self._of(self._shadows, station.code)
        chosen = None if shadow is None or shadow == active.learnt.sha256 else self._choice(shadow)
        return WatchConfig.of(
            station, active.learnt, None if chosen is None or chosen.problem is not None else chosen.learnt
        )

    def problem_of(self, code: str) -> str | None:
        """Return why an artefact of a station is not used; ``None`` when all is well."""
        for choices in (self._active, self._shadows):
            problem = self._choice(self._of(choices, code)).problem
            if problem is not None:
                return problem
        return self._trouble

    @staticmethod
    def _of(choices: dict[str, str], code: str) -> str | None:
        return choices.get(code, choices.get(DEFAULT))

    def _choice(self, sha256: str | None) -> _Loaded:
        if sha256 is None or self._store is None:
            return _Loaded(self._untaught)
        if sha256 not in self._loaded:
            self._loaded[sha256] = self._load(self._store, sha256)
        return self._loaded[sha256]

    def _load(self, store: ArtefactStore, sha256: str) -> _Loaded:
        try:
            fitted = load_pipeline(store, sha256)
        except ModelError as exc:
            _log.error("artefact_refused", sha256=sha256, error=str(exc))
            return _Loaded(self._untaught, str(exc))
        _log.info("artefact_loaded", sha256=sha256)
        return _Loaded(Learnt(sha256, fitted))

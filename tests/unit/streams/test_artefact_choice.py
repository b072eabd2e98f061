"""Which artefact scores which station, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import snapshots
from models.artefacts.loading import packed
from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError
from models.pipeline.pipeline import Fitted
from models.pipeline.second_stage import train
from streams.artefact_choice import ArtefactChoice
from tests.factories import station

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ABOUT = Artefact("", "DT_A", "pipeline", AT.isoformat(), AT.isoformat(), AT.isoformat(), "0" * 64, {}, "0.1.0")
A = station("DT_A")
B = replace(A, code="DT_B")


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(tmp_path)


def add(store: ArtefactStore, name: str, threshold: float) -> str:
    fitted = Fitted(None, threshold, 0.01, False)
    return store.add(packed(fitted), replace(ABOUT, name=name)).sha256


def test_without_artefacts_novelty_alone_judges(tmp_path: Path) -> None:
    artefacts = ArtefactChoice(tmp_path)
    assert artefacts.config_of(A).active.sha256 is None
    assert artefacts.problem_of("DT_A") is None
    assert not artefacts.refresh()


def test_the_stations_own_artefact_prevails_over_the_default(store: ArtefactStore, tmp_path: Path) -> None:
    own, common = add(store, "DT_A", 1.0), add(store, "default", 2.0)
    store.promote(own, AT)
    artefacts = ArtefactChoice(tmp_path)
    store.promote(common, AT)
    assert artefacts.refresh()
    assert not artefacts.refresh()
    assert (artefacts.config_of(A).active.sha256, artefacts.config_of(B).active.sha256) == (own, common)
    assert artefacts.config_of(A).active.pipeline.threshold == 1.0


def test_a_tampered_artefact_is_refused_with_its_hash_and_taken_when_it_is_restored(
    store: ArtefactStore, tmp_path: Path
) -> None:
    sha256 = add(store, "DT_A", 1.0)
    store.promote(sha256, AT)
    file = tmp_path / f"{sha256}.msgpack"
    good = file.read_bytes()
    file.write_bytes(good[:-9] + b"tampered!")
    artefacts = ArtefactChoice(tmp_path)
    assert artefacts.config_of(A).active.sha256 is None
    assert sha256 in (artefacts.problem_of("DT_A") or "")
    assert "tampered" in (artefacts.problem_of("DT_A") or "")
    file.write_bytes(good)
    store.promote(sha256, AT)
    assert artefacts.refresh()
    assert artefacts.config_of(A).active.sha256 == sha256
    assert artefacts.problem_of("DT_A") is None


def test_what_is_no_pipeline_is_refused(store: ArtefactStore, tmp_path: Path) -> None:
    sha256 = store.add(snapshots.encode([1.0]), ABOUT).sha256
    store.promote(sha256, AT)
    assert sha256 in (ArtefactChoice(tmp_path).problem_of("DT_A") or "")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda fitted: fitted.update(stage={"members": "x"}), "Expected `array`, got `str` - at `$.stage.members`"),
        (lambda fitted: fitted.update(threshold="high"), "Expected `float`, got `str` - at `$.threshold`"),
        (lambda fitted: fitted.update(threshold=float("nan")), "a threshold of nan for a share of 0.005"),
        (lambda fitted: fitted.update(tail=0), "a threshold of 0.0 for a share of 0.0 of the rows is none"),
        (lambda fitted: fitted.clear(), "it holds other fields"),
        (lambda fitted: fitted.update(gone=1), "it holds other fields"),
    ],
    ids=["deep", "type", "no line", "no tail", "nothing", "more"],
)
def test_an_artefact_of_another_program_is_refused_in_a_sentence(
    store: ArtefactStore, tmp_path: Path, spoil: Callable[[Any], None], words: str
) -> None:
    fitted = snapshots.decode(packed(Fitted()))
    spoil(fitted)
    sha256 = store.add(snapshots.encode(fitted), ABOUT).sha256
    store.promote(sha256, AT)
    artefacts = ArtefactChoice(tmp_path)
    assert artefacts.config_of(A).active.sha256 is None
    assert words in (artefacts.problem_of("DT_A") or "")
    assert sha256 in (artefacts.problem_of("DT_A") or "")


def test_a_second_stage_that_learnt_from_other_features_is_refused(store: ArtefactStore, tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(400, 3)).astype(np.float32)
    stage = train([x], [(x[:, 0] > 0).astype(np.int64)], [np.ones(400)], trees=2, members=1)
    store.promote(store.add(packed(Fitted(stage)), ABOUT).sha256, AT)
    assert "learnt from 3 features and is shown" in (ArtefactChoice(tmp_path).problem_of("DT_A") or "")


def test_an_index_that_cannot_be_read_is_told_of(store: ArtefactStore, tmp_path: Path) -> None:
    sha256 = add(store, "DT_A", 1.0)
    store.promote(sha256, AT)
    artefacts = ArtefactChoice(tmp_path)
    (tmp_path / "index.json").write_text("{", encoding="utf-8")
    assert artefacts.refresh()
    assert "index.json" in (artefacts.problem_of("DT_A") or "")
    assert artefacts.config_of(A).active.sha256 == sha256


def test_a_shadow_runs_until_it_is_ended_or_promoted(store: ArtefactStore, tmp_path: Path) -> None:
    active, candidate = add(store, "DT_A", 1.0), add(store, "DT_A", 2.0)
    store.promote(active, AT)
    with pytest.raises(ModelError, match="active one"):
        store.begin_shadow(active, AT)
    store.begin_shadow(candidate, AT)
    artefacts = ArtefactChoice(tmp_path)
    shadow = artefacts.config_of(A).shadow
    assert shadow is not None
    assert shadow.sha256 == candidate
    assert store.chosen()[1] == {"DT_A": candidate}
    store.end_shadow("DT_A", AT)
    with pytest.raises(ModelError, match="no shadow"):
        store.end_shadow("DT_A", AT)
    store.begin_shadow(candidate, AT)
    store.promote(candidate, AT)
    artefacts.refresh()
    assert (artefacts.config_of(A).active.sha256, artefacts.config_of(A).shadow) == (candidate, None)
    assert [c.action for c in store.history("DT_A")] == ["promote", "shadow", "end shadow", "shadow", "promote"]

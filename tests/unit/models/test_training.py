"""Training, storing, comparing: what an artefact is made of, and that a worse candidate is noticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models import snapshots
from models.artefacts.candidates import compare, data_sha256, train, worse_figures
from models.artefacts.loading import load_pipeline, packed
from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError
from models.evaluation.families import family_named
from models.evaluation.live import StationRun
from models.pipeline.pipeline import Fitted
from models.series import Series
from models.training.fitting import fit

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def _series(name: str, seed: int) -> Series:
    rng = np.random.default_rng(seed)
    values = rng.normal(10.0, 1.0, (500, 2))
    labels = np.zeros(500, dtype=np.bool_)
    labels[300:310] = True
    values[300:310, 0] = 40.0
    times = np.datetime64("2026-01-01", "ns") + np.arange(500) * np.timedelta64(1, "m")
    return Series(name, times, ("Cl", "pH"), values, labels, group=name)


SERIES = (_series("a", 1), _series("b", 2))


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(tmp_path)


def test_an_artefact_says_what_it_was_learnt_from_and_judges_as_the_fitted_model_did(store: ArtefactStore) -> None:
    entry = train(store, family_named("gecco"), SERIES, name="DT_A", at=AT)
    assert (entry.name, entry.detector, entry.created_at) == ("DT_A", "station", "2026-11-23T08:00:00+00:00")
    assert entry.window_start == "2026-01-01T00:00:00+00:00"
    assert entry.window_end == "2026-01-01T08:19:00+00:00"
    assert entry.data_sha256 == data_sha256(SERIES)
    assert entry.metrics["event_recall"] == 1.0
    fitted = load_pipeline(store, entry.sha256)
    fresh = fit(SERIES, family_named("gecco").budget_per_day)
    one, other = (StationRun(f).run(SERIES[0]) for f in (fitted, fresh))
    assert one.alarm.any()
    np.testing.assert_array_equal(one.score, other.score)


def test_the_hash_of_the_data_knows_values_but_not_names() -> None:
    renamed = (replace(SERIES[1], name="x"), replace(SERIES[0], name="y"))
    assert data_sha256(renamed) == data_sha256(SERIES)
    changed = SERIES[0].values.copy()
    changed[0, 0] += 1e-9
    assert data_sha256((replace(SERIES[0], values=changed), SERIES[1])) != data_sha256(SERIES)


def test_nothing_to_learn_from_is_a_sentence(store: ArtefactStore) -> None:
    with pytest.raises(ModelError, match="nothing to learn from"):
        train(store, family_named("gecco"), (), name="DT_A", at=AT)


def test_two_artefacts_are_compared_side_by_side(store: ArtefactStore) -> None:
    about = Artefact("", "DT_A", "station", "", "", "", "", {}, "0.1.0")
    good, bad = (store.add(packed(Fitted(threshold=t)), about) for t in (0.0, -50.0))
    found = compare(store, family_named("gecco"), good, bad, SERIES)
    assert 20 <= found.alarmed_rows_active < 60
    assert 880 <= found.alarmed_rows_candidate < 900  # of a station's first 60 rows only charts speak
    assert found.alarmed_rows_both == found.alarmed_rows_active
    assert found.worse == ("event_f1", "point_f1")


@pytest.mark.parametrize(
    ("old", "new", "worse"),
    [
        ({"event_f1": 0.8}, {"event_f1": 0.79}, ()),
        ({"event_f1": 0.8}, {"event_f1": 0.7}, ("event_f1",)),
        ({"event_f1": None}, {"event_f1": 0.1}, ()),
        ({"point_f1": 0.5, "event_f1": 0.5}, {"point_f1": 0.1, "event_f1": 0.9}, ("point_f1",)),
    ],
)
def test_worse_means_worse_by_more_than_the_tolerance(
    old: dict[str, object], new: dict[str, object], worse: tuple[str, ...]
) -> None:
    assert worse_figures(old, new) == worse


def test_what_is_stored_names_no_class_and_no_place() -> None:
    kept = snapshots.decode(packed(Fitted()))
    assert set(kept) == {"stage", "threshold", "tail", "tells_pollution"}


JUNK = {
    "text": b"\x80\x04not a model",
    "object": snapshots.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode(["O", [1], bytes(8)]))),
    "code": snapshots.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode(["f8,(2", [1], bytes(8)]))),
    "extension": snapshots.encode(msgspec.msgpack.Ext(2, b"cos\nsystem\n(S'true'\ntR.")),
    "deep": b"\x91" * 100_000,
    "array": snapshots.encode(np.ones(3)),
    "list": snapshots.encode([1.0]),
}


@pytest.mark.parametrize("content", JUNK.values(), ids=JUNK.keys())
def test_a_file_that_is_no_pipeline_is_refused_even_with_a_fitting_hash(store: ArtefactStore, content: bytes) -> None:
    sha256 = store.add(content, Artefact("", "DT_A", "station", "", "", "", "", {}, "0.1.0")).sha256
    with pytest.raises(ModelError, match=rf"{sha256} does not fit this program \(.+\): train it anew with `quantrac"):
        load_pipeline(store, sha256)

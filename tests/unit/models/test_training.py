"""Training, storing, comparing: what an artefact is made of, and that a worse candidate is noticed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from models.artefacts.candidates import compare, data_sha256, train, worse_figures
from models.artefacts.loading import load_pipeline
from models.artefacts.packing import STORED, pack, unpack
from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError
from models.evaluation.families import family_named
from models.evaluation.live import StationRun
from models.pipeline.configs import STATION_DEFAULT
from models.pipeline.pipeline import Fitted
from models.series import Event, Series
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
    fresh = fit(SERIES, replace(STATION_DEFAULT, budget_per_day=family_named("gecco").budget_per_day))
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
    good, bad = (store.add({"fitted": pack(Fitted(STATION_DEFAULT, threshold=t))}, about) for t in (0.0, -50.0))
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


def test_what_is_packed_comes_back() -> None:
    thing = (STATION_DEFAULT, None, 1.5, ("x", (True, 3)))
    assert unpack(pack(thing)) == thing


@dataclass
class Foreign:
    value: int = 1


@pytest.mark.parametrize("thing", [Foreign(), object(), lambda: None, (1, Foreign()), [1.0], {"x": 1}])
def test_objects_of_others_cannot_be_packed(thing: object) -> None:
    with pytest.raises(ModelError, match="cannot be stored"):
        pack(thing)


@pytest.mark.parametrize(
    "name",
    [
        "os:system",
        "subprocess:Popen",
        "models.artefacts.store:os",
        "models.artefacts.store:ArtefactStore",
        "models.none:X",
        "x",
        "models.series:Event",
        None,
    ],
)
def test_an_artefact_can_name_only_what_is_stored(name: str) -> None:
    with pytest.raises(ModelError, match="which this program does not have"):
        unpack({"__type__": name, "fields": {}, "value": 1})


def test_a_class_that_has_changed_since_is_a_sentence() -> None:
    packed = pack(STATION_DEFAULT)
    packed["fields"]["gone"] = 1
    with pytest.raises(
        ModelError, match=r"stored as 'configuration' has changed since .*: train it anew with `quantrac"
    ):
        unpack(packed)


def test_a_stored_name_stands_for_one_class() -> None:
    assert len(set(STORED.values())) == len(STORED)


def test_a_class_without_a_stored_name_cannot_be_packed() -> None:
    event = Event(np.datetime64("2026-01-01"), np.datetime64("2026-01-02"))
    with pytest.raises(ModelError, match=r"models.series:Event cannot be stored: the class has no stored name"):
        pack((event,))


def test_what_is_stored_names_no_place() -> None:
    fitted = Fitted(STATION_DEFAULT)
    assert "models." not in repr(pack(fitted))
    assert unpack(pack(fitted)) == fitted

"""The store of trained models: what it keeps, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ABOUT = Artefact(
    sha256="",
    name="DT_A",
    detector="pipeline",
    created_at=AT.isoformat(),
    window_start="2026-10-01T00:00:00+00:00",
    window_end="2026-11-01T00:00:00+00:00",
    data_sha256="0" * 64,
    metrics={"event_f1": 0.8, "median_delay_min": None},
    code_version="0.1.0",
)


def model(level: float) -> bytes:
    return f"a model that has learnt {level}".encode() * 9


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(tmp_path / "models")


def test_a_stored_model_comes_back_by_its_hash_or_its_beginning(store: ArtefactStore, tmp_path: Path) -> None:
    entry = store.add(model(1.0), ABOUT)
    content = (tmp_path / "models" / f"{entry.sha256}.msgpack").read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry.sha256
    for key in (entry.sha256, entry.sha256[:8]):
        assert store.load(key) == content == model(1.0)
    assert ArtefactStore(tmp_path / "models").entries() == (replace(ABOUT, sha256=entry.sha256),)


def test_a_tampered_artefact_is_refused_with_both_hashes(store: ArtefactStore, tmp_path: Path) -> None:
    entry = store.add(model(1.0), ABOUT)
    path = tmp_path / "models" / f"{entry.sha256}.msgpack"
    path.write_bytes(path.read_bytes() + b"x")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(ModelError, match=rf"{entry.sha256} is refused: its file has the hash {found}.*tampered"):
        store.load(entry.sha256)
    with pytest.raises(ModelError, match="refused"):
        store.promote(entry.sha256, AT)
    assert store.active("DT_A") is None


def test_a_truncated_artefact_is_refused(store: ArtefactStore, tmp_path: Path) -> None:
    entry = store.add(model(1.0), ABOUT)
    path = tmp_path / "models" / f"{entry.sha256}.msgpack"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="corrupt or was tampered with"):
        store.load(entry.sha256)


def test_a_missing_file_is_a_sentence(store: ArtefactStore, tmp_path: Path) -> None:
    entry = store.add(model(1.0), ABOUT)
    (tmp_path / "models" / f"{entry.sha256}.msgpack").unlink()
    with pytest.raises(ModelError, match=r"cannot be read .* restore the file or promote another"):
        store.load(entry.sha256)


def test_an_artefact_of_an_older_version_is_told_in_a_sentence(store: ArtefactStore, tmp_path: Path) -> None:
    entry = store.add(model(1.0), ABOUT)
    index_path = tmp_path / "models" / "index.json"
    index = json.loads(index_path.read_text())
    index["artefacts"][0]["format_version"] = 0
    index_path.write_text(json.dumps(index))
    with pytest.raises(ModelError, match=rf"{entry.sha256} has format version 0, this program reads 4: train it anew"):
        store.load(entry.sha256)


def test_promote_and_roll_back(store: ArtefactStore) -> None:
    first, second, third = (store.add(model(level), ABOUT) for level in (1.0, 2.0, 3.0))
    for entry in (first, second, third):
        store.promote(entry.sha256, AT)
    assert store.active("DT_A") == third
    assert store.rollback("DT_A", AT).sha256 == second.sha256
    assert store.rollback("DT_A", AT).sha256 == first.sha256
    assert store.active("DT_A") == first
    taken_back = store.rollback("DT_A", AT)  # of the first promotion: nothing learnt was active before
    assert (taken_back.sha256, taken_back.previous) == ("", first.sha256)
    assert store.active("DT_A") is None
    with pytest.raises(ModelError, match="DT_A has no earlier active artefact"):
        store.rollback("DT_A", AT)
    store.promote(first.sha256, AT)
    store.promote(third.sha256, AT)
    assert store.rollback("DT_A", AT).sha256 == first.sha256
    actions = [change.action for change in store.history("DT_A")]
    assert actions == ["promote"] * 3 + ["rollback"] * 3 + ["promote"] * 2 + ["rollback"]


def test_names_do_not_disturb_each_other(store: ArtefactStore) -> None:
    one = store.add(model(1.0), ABOUT)
    other = store.add(model(2.0), replace(ABOUT, name="DT_B"))
    store.promote(one.sha256, AT)
    store.promote(other.sha256, AT)
    assert (store.active("DT_A"), store.active("DT_B")) == (one, other)
    assert store.entries("DT_B") == (other,)


def test_an_unknown_hash_is_a_sentence(store: ArtefactStore) -> None:
    with pytest.raises(ModelError, match="artefact 'abc' is not known in"):
        store.load("abc")
    with pytest.raises(ModelError, match="is not known"):
        store.load("")


def test_a_broken_index_is_a_sentence(store: ArtefactStore, tmp_path: Path) -> None:
    store.add(model(1.0), ABOUT)
    (tmp_path / "models" / "index.json").write_text("{")
    with pytest.raises(ModelError, match=r"index.json cannot be read .* restore it from a backup"):
        store.entries()


def test_nothing_half_written_stays_behind(store: ArtefactStore, tmp_path: Path) -> None:
    entry = store.add(model(1.0), ABOUT)
    store.promote(entry.sha256, AT)
    names = {p.name for p in (tmp_path / "models").iterdir()}
    assert names == {"index.json", "index.lock", f"{entry.sha256}.msgpack"}


def test_a_shadow_run_between_two_promotions_does_not_disturb_a_rollback(store: ArtefactStore) -> None:
    first, second, third = (store.add(model(level), ABOUT) for level in (1.0, 2.0, 3.0))
    store.promote(first.sha256, AT)
    store.promote(second.sha256, AT)
    store.begin_shadow(third.sha256, AT)
    store.end_shadow("DT_A", AT)
    assert store.rollback("DT_A", AT).sha256 == first.sha256


def test_what_nothing_needs_any_more_is_deleted(store: ArtefactStore, tmp_path: Path) -> None:
    entries = [store.add(model(float(level)), ABOUT) for level in range(8)]
    other = store.add(model(99.0), replace(ABOUT, name="DT_B"))
    for at in (0, 1, 2):
        store.promote(entries[at].sha256, AT)
    store.begin_shadow(entries[3].sha256, AT)
    (tmp_path / "models" / f"{entries[0].sha256}.skops").write_bytes(b"as an older version kept it")
    gone = store.prune("DT_A", keep=2)
    assert gone == tuple(entries[at].sha256 for at in (0, 4, 5))
    assert store.entries() == (*(entries[at] for at in (1, 2, 3, 6, 7)), other)
    assert {p.stem for p in (tmp_path / "models").glob("?" * 64 + ".*")} == {e.sha256 for e in store.entries()}
    assert store.rollback("DT_A", AT).sha256 == entries[1].sha256
    assert len(store.history("DT_A")) == 5
    assert store.prune("DT_A", keep=2) == (entries[2].sha256,)  # taken back: no rollback goes there again

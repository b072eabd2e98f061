"""``quantrac models``: JSON on stdout, sentences on stderr, and the life of an artefact."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commands.models import gate
from commands.models.models import app
from models import snapshots
from models.artefacts.loading import load_pipeline, packed
from models.artefacts.store import Artefact, ArtefactStore
from models.errors import ModelError
from models.evaluation.families import family_named
from models.pipeline.pipeline import Fitted
from quantrac.errors import QuantracError

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    out = tmp_path / "data"
    out.mkdir()
    for name, low in (("a", 0.2), ("b", 0.3)):
        rows = ["Time,Cl,Fm,EVENT"]
        for i in range(300):
            value = 9.0 if 100 <= i < 120 else low + (i % 7) / 100
            rows.append(f"2018-01-01 {i // 60:02}:{i % 60:02},{value},{i},{int(100 <= i < 120)}")
        (out / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return out


@pytest.fixture(autouse=True)
def _models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTRAC_MODELS_DIR", str(tmp_path / "models"))


def _json(*arguments: str) -> dict[str, object]:
    result = RUN.invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    content: dict[str, object] = json.loads(result.stdout)
    return content


def test_evaluate_prints_one_json_object_and_draws(folder: Path, tmp_path: Path) -> None:
    data, pictures = str(folder), tmp_path / "pictures"
    report = _json(
        "evaluate",
        "gecco",
        "--data",
        data,
        "--train",
        data,
        "--detector",
        "ewma",
        "--json",
        "--out",
        str(pictures),
    )
    assert "2 files with 600 rows" in str(report["learnt_from"])
    assert "2 of them are also judged here" in str(report["learnt_from"])
    assert report["total"]["event_recall"] == 1.0  # type: ignore[index]
    assert set(report["files"]) == {"a", "b"}  # type: ignore[call-overload]
    drawn = sorted(pictures.iterdir())
    assert len(drawn) == 2
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in drawn)


def test_evaluate_prints_tables(folder: Path) -> None:
    result = RUN.invoke(app, ["evaluate", "gecco", "--data", str(folder), "--detector", "ewma"])
    assert result.exit_code == 0
    assert "ewma on gecco" in result.stdout
    assert "Learnt from: the head of each file alone" in result.stdout


@pytest.fixture
def _without_exam(monkeypatch: pytest.MonkeyPatch) -> None:
    """The field exam takes half a minute, and has a test of its own."""
    monkeypatch.setattr(gate, "_examined", lambda *_: [])


def kept(tmp_path: Path, fitted: object, name: str = "gecco") -> str:
    """Return the hash of an artefact that was learnt from gecco."""
    about = Artefact("", name, "station", "", "", "", "", {}, "0.1.0", learnt_from="gecco")
    return ArtefactStore(tmp_path / "models").add(snapshots.encode(fitted), about).sha256


NOVELTY = Fitted.untaught()
RESTLESS = replace(Fitted.untaught(), threshold=-50.0)
"""Alarms in every row: its threshold lies below what any row reaches."""


@pytest.mark.usefixtures("_without_exam")
def test_an_artefact_of_another_plant_is_taken_for_a_station_only_when_that_is_said(
    folder: Path, tmp_path: Path
) -> None:
    arguments = ["train", "gecco", "--train", str(folder), "--name", "DT_A"]
    told = RUN.invoke(app, arguments, catch_exceptions=False).stdout
    assert "stored for DT_A. It has learnt from gecco." in told
    sha256 = told.split()[0]
    assert load_pipeline(ArtefactStore(tmp_path / "models"), sha256).stage is not None
    assert f"promote {sha256[:12]} --foreign" in " ".join(told.split())
    with pytest.raises(QuantracError, match="is for DT_A but learnt from gecco: what is usual at another plant"):
        RUN.invoke(app, ["promote", sha256], catch_exceptions=False)
    assert not any(a["active"] for a in _json("list", "--json")["artefacts"])  # type: ignore[attr-defined]
    said = RUN.invoke(app, ["promote", sha256, "--foreign"], catch_exceptions=False).stdout
    assert "is now active for DT_A. It has learnt from gecco." in said
    assert "gecco, 2018" in RUN.invoke(app, ["list"], catch_exceptions=False, env={"COLUMNS": "200"}).stdout
    undone = RUN.invoke(app, ["rollback", "DT_A"], catch_exceptions=False).stdout
    assert "The first promotion of DT_A is taken back" in undone
    assert not any(a["active"] for a in _json("list", "--json")["artefacts"])  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_without_exam")
def test_a_default_says_whom_it_judges(tmp_path: Path) -> None:
    said = RUN.invoke(app, ["promote", kept(tmp_path, NOVELTY, "default")], catch_exceptions=False).stdout
    assert "It has learnt from gecco. It judges every station that has none of its own." in " ".join(said.split())


def test_leaderboard_is_written(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "gecco")
    out = tmp_path / "docs" / "leaderboard.md"
    arguments = ["leaderboard", "--data", str(tmp_path), "--family", "gecco", "--detector", "ewma"]
    result = RUN.invoke(app, [*arguments, "--out", str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "2 folds of 2 groups" in out.read_text(encoding="utf-8")


@pytest.mark.usefixtures("_without_exam")
def test_life_of_an_artefact(folder: Path, tmp_path: Path) -> None:
    hashes = [kept(tmp_path, Fitted(threshold=level)) for level in (0.0, 0.1)]
    for sha256 in hashes:
        result = RUN.invoke(app, ["promote", sha256[:16], "--data", str(folder)], catch_exceptions=False)
        assert f"{sha256} is now active for gecco" in result.stdout
    listed = _json("list", "--json")
    active = [a["sha256"] for a in listed["artefacts"] if a["active"]]  # type: ignore[attr-defined]
    assert active == hashes[1:]
    result = RUN.invoke(app, ["rollback", "gecco"], catch_exceptions=False)
    assert f"{hashes[0]} is active again" in result.stdout
    report = _json("explain", "gecco", "--data", str(folder), "--model", hashes[0], "--json")
    assert {row["file"] for row in report} == {"a", "b"}  # type: ignore[index]


def test_an_artefact_explains_what_its_station_says(folder: Path, tmp_path: Path) -> None:
    """An artefact of what a station begins with explains as that station does, charts included."""
    arguments = ["explain", "gecco", "--data", str(folder), "--json"]
    report = _json(*arguments, "--model", kept(tmp_path, Fitted.untaught(family_named("gecco").budget_per_day)))
    assert report
    assert report == _json(*arguments)


def test_what_cannot_judge_a_station_is_no_shadow(tmp_path: Path) -> None:
    sha256 = kept(tmp_path, [1.0])
    with pytest.raises(ModelError, match=f"artefact {sha256} does not fit this program"):
        RUN.invoke(app, ["shadow", sha256[:16]], catch_exceptions=False)


def test_a_shadow_is_listed_and_ended(tmp_path: Path) -> None:
    sha256 = kept(tmp_path, NOVELTY)
    begun = RUN.invoke(app, ["shadow", sha256[:16]], catch_exceptions=False)
    assert f"{sha256} now runs beside the active artefact of gecco" in begun.stdout
    (listed,) = _json("list", "--json")["artefacts"]  # type: ignore[misc]
    assert (listed["active"], listed["shadow"]) == (False, True)
    assert "shadow" in RUN.invoke(app, ["list"], catch_exceptions=False).stdout
    ended = RUN.invoke(app, ["shadow", "--stop", "gecco"], catch_exceptions=False)
    assert sha256 in ended.stdout
    with pytest.raises(QuantracError, match="Give the HASH"):
        RUN.invoke(app, ["shadow"], catch_exceptions=False)


@pytest.mark.usefixtures("_without_exam")
def test_a_worse_candidate_is_not_promoted_without_force(folder: Path, tmp_path: Path) -> None:
    good, bad = kept(tmp_path, NOVELTY), kept(tmp_path, RESTLESS)
    RUN.invoke(app, ["promote", good], catch_exceptions=False)
    with pytest.raises(QuantracError, match=r"worse than the active .* is kept"):
        RUN.invoke(app, ["promote", bad, "--data", str(folder)], catch_exceptions=False)
    forced = ["promote", bad, "--data", str(folder), "--force", "--reason", "the probe was changed"]
    result = RUN.invoke(app, forced, catch_exceptions=False)
    assert "is now active" in result.stdout
    assert "the audit is out of reach" in result.stderr
    (last,) = [c for c in _json("list", "--json")["history"] if c["sha256"] == bad]  # type: ignore[attr-defined]
    assert last["reason"] == "the probe was changed"


@pytest.mark.usefixtures("_without_exam")
def test_what_a_station_has_learnt_is_compared_on_files_like_those_of_scenarios(tmp_path: Path) -> None:
    folder, store = tmp_path / "weeks", ArtefactStore(tmp_path / "models")
    folder.mkdir()
    stamps = [f"2026-01-0{1 + i // 288} {i // 12 % 24:02}:{i % 12 * 5:02}" for i in range(400)]
    (folder / "s.csv").write_text("\n".join(["observed_at,COD", *(f"{s},{50 + i % 7}" for i, s in enumerate(stamps))]))
    (folder / "e.csv").write_text(f"start,end,cls,type,sensors\n{stamps[300]},{stamps[310]},fault,stuck,COD")
    about = Artefact("", "DT_A", "station", "", "", "", "", {}, "0.1.0", learnt_from="DT_A")
    for fitted in (NOVELTY, RESTLESS):
        sha256 = store.add(packed(fitted), about).sha256
        said = ["promote", sha256, "--data", str(folder), "--force", "--reason", "a test"]
        result = RUN.invoke(app, said, catch_exceptions=False)
    assert "Alarmed rows: active " in result.stdout


def test_an_active_artefact_that_is_refused_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every station goes on without it: what is promoted beside it is compared with what judges there."""
    ArtefactStore(tmp_path / "models").promote(kept(tmp_path, [1.0], "default"), datetime.now(UTC))
    beside = []
    monkeypatch.setattr(gate, "_examined", lambda _, active: beside.append(active) or [])
    sha256 = kept(tmp_path, NOVELTY, "default")
    assert "is now active" in RUN.invoke(app, ["promote", sha256], catch_exceptions=False).stdout
    assert beside == [Fitted.untaught()]


def test_what_fails_the_field_exam_is_refused_with_its_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "STATIONS", 1)
    monkeypatch.setattr(gate, "DAYS", 10)
    sha256 = kept(tmp_path, RESTLESS, "default")
    with pytest.raises(QuantracError, match=r"field exam: share of rows in alarm .* wanted at most 0\.05"):
        RUN.invoke(app, ["promote", sha256], catch_exceptions=False)
    assert ArtefactStore(tmp_path / "models").active("default") is None
    with pytest.raises(QuantracError, match="--force needs --reason"):
        RUN.invoke(app, ["promote", sha256, "--force", "--reason", " "], catch_exceptions=False)


def test_scenarios_are_repeatable_and_can_be_read(tmp_path: Path) -> None:
    for name in ("one", "two"):
        arguments = ["scenarios", "--seed", "5", "--stations", "1", "--days", "12", "--out", str(tmp_path / name)]
        result = RUN.invoke(app, arguments, catch_exceptions=False)
        assert "3456 rows" in result.stdout
    files = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert files == ["s5_00.csv", "s5_00_events.csv"]
    assert all((tmp_path / "one" / f).read_bytes() == (tmp_path / "two" / f).read_bytes() for f in files)
    (series,) = family_named("scenarios").load(tmp_path / "one")
    with (tmp_path / "one" / "s5_00_events.csv").open() as text:
        assert len(list(csv.DictReader(text))) == len(series.events) > 0
    assert series.labels is not None
    assert not series.labels[: 7 * 288].any()


@pytest.mark.parametrize("command", ["evaluate", "train", "promote", "rollback", "list", "explain", "leaderboard",
                                     "scenarios", "detectors", "teach-triage"])  # fmt: skip
def test_every_command_has_an_example(command: str) -> None:
    result = RUN.invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"Example: quantrac models {command}" in " ".join(result.stdout.split())


def test_a_site_is_left_out_of_recorded_water_only() -> None:
    result = RUN.invoke(app, ["teach-triage", "--without", "canary"])
    assert isinstance(result.exception, QuantracError)
    assert "--data" in str(result.exception)

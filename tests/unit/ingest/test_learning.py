"""A proposal from files: what was seen stands in it, what nobody can know is missing, and completed it is accepted."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.dropfolder.learning import learn
from ingest.dropfolder.names import DEFAULT_PATTERNS
from ingest.learning import proposal
from quantrac.domain.loggers import Separator
from quantrac.errors import RuleError, SettingsError
from quantrac.registry import load_registry, parse_registry, recorded_feeds, sample_province


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(20):
        stamp = (datetime(2026, 11, 23, 3, tzinfo=UTC) + timedelta(minutes=10 * k)).strftime("%Y%m%d%H%M%S")
        day = tmp_path / "TRAM-BD-001" / "2026"
        day.mkdir(parents=True, exist_ok=True)
        value = "0.00" if k == 3 else f"{50 + k},5"
        text = f"Amoni;{value};mg/l;{stamp};00\nCửa;1;;{stamp};00\npH;;;{stamp};02"
        (day / f"TRAM-BD-001_{stamp}.txt").write_text(text, "utf-8")
    (tmp_path / "README.txt").write_text("no station file")
    (tmp_path / "TRAM-BD-001" / "TRAM-BD-001_20261123100500.txt").symlink_to("/dev/zero")
    return tmp_path


def proposed(folder: Path) -> str:
    known = load_registry([sample_province(), recorded_feeds()])
    return proposal(learn(folder, DEFAULT_PATTERNS, 2000, 1_000_000).seen, known, "2026-11-23")


def test_headings_are_told_apart_from_lines_that_were_not_understood(folder: Path) -> None:
    for path in sorted((folder / "TRAM-BD-001").rglob("*.txt"))[:3]:
        if not path.is_symlink():
            path.write_text(f"Ký hiệu;Giá trị;Đơn vị;Thời gian;Trạng thái\n{path.read_text('utf-8')}", "utf-8")
    text = proposed(folder)
    assert "# 0 lines were not understood.\n# 3 heading lines: the circular has none." in text


def test_what_was_seen_is_proposed(folder: Path) -> None:
    text = proposed(folder)
    with pytest.raises(RuleError):  # nobody has completed it
        parse_registry(text, "proposal")
    for key in ("name_vi", "name_en", "operator"):
        text = text.replace(f'{key} = ""', f'{key} = "x"')
    text = text.replace("longitude = 0.0", "longitude = 105.7").replace("latitude = 0.0", "latitude = 10.3")
    (station,) = parse_registry(text, "proposal").stations
    assert station.code == "TRAM-BD-001"
    assert [(s.parameter, s.unit, s.cadence_s, s.aliases) for s in station.sensors] == [
        ("NH4", "mg/l", 600.0, ("Amoni",)),
        ("pH", "", 600.0, ()),
    ]
    assert [(c.code, c.kind, c.cadence_s, c.on_change) for c in station.channels] == [("Cửa", "door", 600.0, False)]
    assert station.logger.separator is Separator.SEMICOLON
    assert station.logger.decimal_comma
    assert "# seen 0 to 69.5; 20 values, 0 empty, 1 zero; status 00 x 20" in text
    assert '# zero_is_missing = ["NH4"]' in text


def test_whole_numbers_without_a_unit_are_channels_and_what_comes_seldom_is_sent_on_change(tmp_path: Path) -> None:
    stamps = [f"202611231{n // 6}{n % 6}000" for n in range(24)]
    lines = [f"Mùi\t{n % 3}.5\t\t{stamp}\t00\nCODcr\t60.1\tmg/l\t{stamp}\t00" for n, stamp in enumerate(stamps)]
    said = {0: "Pump\t0", 9: "Pump\t1", 3: "Lạ\t7", 4: "Số chai mẫu\t24"}
    lines += [f"{words}\t\t{stamps[n]}\t00" for n, words in said.items()]
    lines += [f"Fire\t0\t\t{stamp}\t00" for stamp in stamps]
    (tmp_path / "DT_A_20261123100500.txt").write_text("\n".join(lines), "utf-8")
    text = proposed(tmp_path)
    for key in ("name_vi", "name_en", "operator"):
        text = text.replace(f'{key} = ""', f'{key} = "x"')
    text = text.replace("longitude = 0.0", "longitude = 105.7").replace("latitude = 0.0", "latitude = 10.3")
    assert 'parameter = "CODcr"  # not recognised (COD?)' in text
    (station,) = parse_registry(text.replace('"CODcr"', '"COD"'), "proposal").stations
    assert [s.parameter for s in station.sensors] == ["Mùi", "COD"], "half a number is no state"
    assert {(c.code, c.kind, c.on_change) for c in station.channels} == {
        ("Pump", "pump", True), ("Lạ", "other", True), ("Số chai mẫu", "sampler", True), ("Fire", "fire", False),
    }  # fmt: skip
    assert "# seen 0 x 1, 1 x 1; say what each number means" in text
    assert "zero_is_missing" not in text


def test_a_station_without_a_folder_of_its_own_is_named_after_the_one_that_was_given(tmp_path: Path) -> None:
    folder = tmp_path / "TRAM-BD-001"
    odd = folder / os.fsdecode(b"\xff")
    odd.mkdir(parents=True)
    for path in (folder / "20261123100500.txt", odd / "20261123101000.txt"):
        path.write_text("COD\t1\tmg/L\t20261123100500\t00")
    assert list(learn(folder, DEFAULT_PATTERNS, 10, 1000).seen) == ["TRAM-BD-001"]
    with pytest.raises(SettingsError, match="is no folder"):
        learn(folder / "20261123100500.txt", DEFAULT_PATTERNS, 10, 1000)


def test_files_whose_name_no_pattern_knows_are_told(folder: Path) -> None:
    (folder / "TRAM-BD-001" / "TRAM-BD-001_20261123100000_2.txt").write_text("")
    assert [str(p) for p in learn(folder, DEFAULT_PATTERNS, 10, 1000).unnamed] == [
        "README.txt",
        "TRAM-BD-001/TRAM-BD-001_20261123100000_2.txt",
    ]


def test_a_folder_without_station_files(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no station file"):
        learn(tmp_path, DEFAULT_PATTERNS, 10, 1000)

"""Station files of TT 10/2021 and CSV feeds: the samples are the published ones, or small ones made here."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantrac.domain.readings import Status
from quantrac.errors import RuleError, SettingsError
from quantrac.registry import load_registry, recorded_feeds
from simulators import csvfeed, tt10
from simulators.feeds import FaultLog, Recorded
from simulators.messages import Message, Sample
from simulators.replay import (
    ReplayOptions,
    check_stations,
    open_recording,
    paced,
    shift_of,
    survey,
    unknown_symbols,
)

SHARED = Path(__file__).parents[3].parent / "shared"
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
# TT 10/2021, the constructed sample of the domain notes
STATION_FILE = (
    "Flow\t82.40\tm3/h\t20261123100500\t00\r\n"
    "pH\t7.21\t\t20261123100500\t00\r\n"
    "COD\t58.0\tmg/L\t20261123100500\t01\r\n"
    "m,p-Xylene\t-1.60\tmg/L\t20261123100500\t02\r\n"
    "Nhiệtđộ\t\toC\t20261123100500\t00\r\n"
)
NAME = "DT_KCNSADEC_NUOSXL_20261123100500.txt"
MAPPING = """
station = "DT_A"
missing = ["Bad", "-9999", "NULL", ""]
delimiter = ";"
[time]
column = "when"
formats = ["%d/%m/%Y %H:%M"]
utc_offset = "+07:00"
[[column]]
name = "cod"
parameter = "COD"
unit = "mg/L"
[[column]]
name = "level (m)"
parameter = "Level"
factor = 100
station = "DT_B"
"""
CSV = (
    "when;cod;level (m);note\n"
    "23/11/2026 10:00;58.5;1.25;x\n"
    "23/11/2026 10:05;Bad;;x\n"
    "31/13/2026 10:10;1;1;x\n"
    "23/11/2026 10:15;12.5.1;nan;x\n"
    "23/11/2026 10:20\n"
    "23/11/2026 10:25;-9999;NULL;x\n"
)


def _read(path: Path) -> tuple[list[Recorded], FaultLog]:
    faults = FaultLog()
    return list(tt10.read_station_file(path, tt10.station_of(path), faults)), faults


def test_station_file(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(STATION_FILE.encode())
    (recorded,), faults = _read(path)
    assert faults.count == 0
    assert recorded.station == "DT_KCNSADEC_NUOSXL"
    assert recorded.observed_at == datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
    assert recorded.samples == (
        Sample("Flow", 82.4, "m3/h"),
        Sample("pH", 7.21, ""),
        Sample("COD", 58.0, "mg/L", Status.CALIBRATING),
        Sample("m,p-Xylene", -1.6, "mg/L", Status.FAULT),
        Sample("Nhiệtđộ", None, "oC"),
    )


def test_station_file_is_written_as_the_circular_says() -> None:
    at = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
    message = Message("DT_KCNSADEC_NUOSXL", at, at, (Sample("pH", 7.21, ""), Sample("COD", 58.0, "mg/L", Status.FAULT)))
    assert tt10.station_file(message) == (
        NAME,
        b"pH\t7.21\t\t20261123100500\t00\r\nCOD\t58.0\tmg/L\t20261123100500\t02\r\n",
    )


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("COD 58 mg/L 20261123100500 00", "columns"),
        ("COD\t5x\tmg/L\t20261123100500\t00", "5x"),
        ("COD\tNaN\tmg/L\t20261123100500\t00", "finite"),
        ("COD\t1e999\tmg/L\t20261123100500\t00", "finite"),
        ("COD\t58\tmg/L\t20261323100500\t00", "calendar"),
        ("COD\t58\tmg/L\t2026112310\t00", "yyyyMMddHHmmss"),
        ("COD\t58\tmg/L\t20261123100500\t07", "status"),
        ("\t58\tmg/L\t20261123100500\t00", "symbol"),
    ],
)
def test_a_bad_line_is_told_with_file_and_line_and_the_rest_goes_on(tmp_path: Path, line: str, word: str) -> None:
    path = tmp_path / NAME
    path.write_text(f"TSS\t31.2\tmg/L\t20261123100500\t00\n\n{line}\nNH4\t4.10\tmg/L\t20261123100500\t00\n")
    (recorded,), faults = _read(path)
    assert [s.parameter for s in recorded.samples] == ["TSS", "NH4"]
    assert faults.count == 1
    assert str(faults.first[0]).startswith(f"{path}:3: ")
    assert word in faults.first[0].reason


def test_a_station_file_that_is_no_text_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"\xff\xfe\x00")
    assert _read(path)[1].count == 1


def test_a_folder_tree_is_replayed_in_the_order_of_the_stamps(tmp_path: Path) -> None:
    for stamp, folder in (("20261123101000", "2026/11/24"), ("20261123100500", "2026/11/23"), ("20261123100000", "x")):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / f"DT_A_B_{stamp}.txt").write_text(f"pH\t7\t\t{stamp}\t00\n")
    (tmp_path / "README.txt").write_text("not a station file")
    options = ReplayOptions()
    extent = survey(open_recording(tmp_path, options).feeds, options)
    assert (extent.messages, extent.readings) == (3, 3)
    assert (extent.first, extent.last) == (NOW, NOW + timedelta(minutes=10))
    assert extent.symbols == {"DT_A_B": frozenset({"pH"})}


@pytest.mark.parametrize(
    ("text", "since", "words"),
    [
        ("COD;1\n", None, r"no row can be published\..*:1: 1 columns instead of 5.*Correct the file"),
        ("", None, "there is nothing in it"),
        (STATION_FILE, "2030-01-01", r"nothing lies between --from.*from 2026-11-23T10:05:00\+07:00 to 2026-11-23"),
    ],
)
def test_nothing_to_publish_says_why(tmp_path: Path, text: str, since: str | None, words: str) -> None:
    (tmp_path / NAME).write_text(text)
    options = ReplayOptions(since=since)
    with pytest.raises(RuleError, match=words):
        survey(open_recording(tmp_path, options).feeds, options)


def test_an_empty_csv_says_so(csv_feed: tuple[Path, Path]) -> None:
    mapping, data = csv_feed
    data.write_text("")
    with pytest.raises(RuleError, match="the file is empty"):
        csvfeed.feeds_of(data, csvfeed.load_mapping(mapping))


@pytest.fixture
def csv_feed(tmp_path: Path) -> tuple[Path, Path]:
    mapping, data = tmp_path / "map.toml", tmp_path / "feed.csv"
    mapping.write_text(MAPPING)
    data.write_text(CSV)
    return mapping, data


def test_csv_with_a_mapping(csv_feed: tuple[Path, Path]) -> None:
    mapping, data = csv_feed
    feeds = csvfeed.feeds_of(data, csvfeed.load_mapping(mapping))
    assert [f.station for f in feeds] == ["DT_A", "DT_B"]
    faults = FaultLog()
    cod = list(feeds[0].rows(faults))
    assert [(r.observed_at, r.samples[0].value) for r in cod] == [
        (NOW, 58.5),
        (NOW + timedelta(minutes=5), None),
        (NOW + timedelta(minutes=25), None),
    ]
    assert [f.line for f in faults.first] == [4, 5, 6]
    level = list(feeds[1].rows(FaultLog()))
    assert level[0].samples == (Sample("Level", 125.0, None),)


def test_compressed_csv_and_one_that_breaks_off(csv_feed: tuple[Path, Path], tmp_path: Path) -> None:
    mapping = csvfeed.load_mapping(csv_feed[0])
    whole = tmp_path / "feed.csv.gz"
    whole.write_bytes(gzip.compress(CSV.encode()))
    assert len(list(csvfeed.feeds_of(whole, mapping)[0].rows(FaultLog()))) == 3
    broken = tmp_path / "broken.csv.gz"
    rows = "".join(f"23/11/2026 10:{i % 60:02d};{i * 7919 % 10007};1;{i * i}\n" for i in range(20_000))
    broken.write_bytes(gzip.compress((CSV[:24] + rows).encode())[:-2000])
    faults = FaultLog()
    assert len(list(csvfeed.feeds_of(broken, mapping)[0].rows(faults))) > 1000
    assert faults.count == 1
    assert "read further" in faults.first[0].reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name = "cod"', 'name = "bod"'), ("feed.csv", "bod", "cod")),
        (('unit = "mg/L"', 'units = "mg/L"'), ("map.toml", "column cod", "units", "unit")),
        (('utc_offset = "+07:00"', 'utc_offset = "Hanoi"'), ("map.toml", "time, utc_offset", "Hanoi")),
        (('delimiter = ";"', 'delimiter = ";;"'), ("map.toml", "delimiter")),
        (('station = "DT_A"', ""), ("map.toml", "station", "--station")),
        (('column = "when"', ""), ("map.toml", "time, column", "missing")),
        (('missing = ["Bad", "-9999", "NULL", ""]', "missing = [1]"), ("map.toml", "missing")),
    ],
)
def test_a_mistake_in_a_mapping_is_named(
    csv_feed: tuple[Path, Path], change: tuple[str, str], words: tuple[str, ...]
) -> None:
    mapping, data = csv_feed
    mapping.write_text(MAPPING.replace(*change))
    with pytest.raises(RuleError) as caught:
        csvfeed.feeds_of(data, csvfeed.load_mapping(mapping))
    for word in words:
        assert word in str(caught.value)


def test_shift_never_puts_a_stamp_into_the_future(csv_feed: tuple[Path, Path]) -> None:
    #   recorded 10:00 ......... 10:25        (25 min)
    #   speed 0:     all at once, the last stamp is now
    #   speed 60:    25 s, the last stamp is the end of the replay
    start = datetime(2030, 5, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    for speed, takes in ((0.0, 0.0), (1.0, 1500.0), (60.0, 25.0)):
        options = ReplayOptions(speed=speed, shift_to_now=True, mapping=str(csv_feed[0]), station="DT_A")
        feeds = open_recording(csv_feed[1], options).feeds
        extent = survey(feeds, options)
        shift = shift_of(extent, options, start)
        rows = feeds[0].rows(FaultLog())
        messages = list(paced(rows, extent, options, start=start, shift=shift))
        assert messages[0].due_at == start
        assert messages[-1].due_at == start + timedelta(seconds=takes)
        assert all(m.observed_at <= m.due_at for m in messages)
        assert messages[-1].due_at - messages[-1].observed_at < timedelta(seconds=1)


def test_from_and_until_are_in_the_feeds_own_zone(csv_feed: tuple[Path, Path]) -> None:
    options = ReplayOptions(mapping=str(csv_feed[0]), since="2026-11-23T10:01", until="2026-11-23T03:25:00+00:00")
    extent = survey(open_recording(csv_feed[1], options).feeds, options)
    assert (extent.first, extent.last) == (NOW + timedelta(minutes=5), NOW + timedelta(minutes=5))
    with pytest.raises(RuleError, match="--from"):
        survey(open_recording(csv_feed[1], options).feeds, ReplayOptions(since="2027-01-01"))
    with pytest.raises(SettingsError, match="soon"):
        survey(open_recording(csv_feed[1], options).feeds, ReplayOptions(since="soon"))


def test_unknown_stations_and_symbols_are_told(tmp_path: Path) -> None:
    registry = load_registry([recorded_feeds()])
    (tmp_path / "XX_NO_ONE_20261123100500.txt").write_text(
        "pH\t7\t\t20261123100500\t00\nXyz\t7\t\t20261123100500\t00\n"
    )
    options = ReplayOptions()
    with pytest.raises(RuleError, match=r"XX_NO_ONE.*stations import.*--station"):
        check_stations(open_recording(tmp_path, options).feeds, registry, NOW)
    as_other = ReplayOptions(station="TB_CAPH_NUOSXL")
    feeds = open_recording(tmp_path, as_other).feeds
    check_stations(feeds, registry, NOW)
    assert unknown_symbols(survey(feeds, as_other), registry, NOW) == {"TB_CAPH_NUOSXL": ["Xyz"]}


def test_nothing_to_replay(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="nothing to replay"):
        open_recording(tmp_path, ReplayOptions())
    with pytest.raises(RuleError, match="no such file"):
        open_recording(tmp_path / "x", ReplayOptions())
    with pytest.raises(SettingsError, match="--speed"):
        ReplayOptions(speed=-1)


def test_shipped_mappings_fit_the_shipped_stations() -> None:
    registry = load_registry([recorded_feeds()])
    for mapping in csvfeed.shipped_mappings():
        for code in {mapping.station, *mapping.station_of_file.values()} - {None}:
            station = registry.station(str(code), NOW)
            assert station is not None, (mapping.source, code)
            for column in mapping.columns:
                assert station.sensor_of[column.parameter].unit == column.unit, (mapping.source, column)


@pytest.mark.skipif(not (SHARED / "benchmarks").is_dir(), reason="needs ../shared/benchmarks")
@pytest.mark.parametrize(
    ("path", "options", "messages", "readings"),
    [
        ("domain/tt10-samples", ReplayOptions(), 2, 14),
        ("benchmarks/eindhoven_wwtp", ReplayOptions(since="2013-01-03", until="2013-01-04"), 288, 288 * 9),
        ("benchmarks/eindhoven_wwtp/injected_part1.csv.gz", ReplayOptions(until="2013-01-02"), 287, 287 * 9),
        ("benchmarks/lro/MainStreet2020.csv.gz", ReplayOptions(since="2020-03-01", until="2020-03-08"), 672, 672 * 6),
    ],
)
def test_the_shared_recordings(path: str, options: ReplayOptions, messages: int, readings: int) -> None:
    recording = open_recording(SHARED / path, options)
    check_stations(recording.feeds, load_registry([recorded_feeds()]), NOW)
    extent = survey(recording.feeds, options)
    assert (extent.messages, extent.readings) == (messages, readings)
    assert unknown_symbols(extent, load_registry([recorded_feeds()]), NOW) == {}


def test_decimal_commas_are_read_where_a_comma_separates_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("when;cod;level (m)\n23/11/2026 10:00;1.058,5;1,25\n")
    feeds = csvfeed.feeds_of(path, csvfeed.parse_mapping(MAPPING, "m.toml"))
    rows = [r for feed in feeds for r in feed.rows(FaultLog())]
    assert [s.value for r in rows for s in r.samples] == [1058.5, 125.0]
    pointed = csvfeed.parse_mapping(f'decimal = "."\n{MAPPING}', "m.toml")
    faults = FaultLog()
    assert [r for feed in csvfeed.feeds_of(path, pointed) for r in feed.rows(faults)] == []
    assert faults.mostly_failed() == [path]
    with pytest.raises(RuleError, match="must be a point or a comma"):
        csvfeed.parse_mapping(f'decimal = ";"\n{MAPPING}', "m.toml")
    assert tt10.parse_line("COD\t58,5\tmg/L\t20261123100500\t00")[1].value == 58.5


def test_a_file_of_which_most_failed_is_named(tmp_path: Path) -> None:
    good, bad = tmp_path / NAME, tmp_path / NAME.replace("1005", "1010")
    good.write_text("TSS\t31.2\tmg/L\t20261123100500\t00\nNH4\t4\tmg/L\t20261123100500\t00\nx\n")
    bad.write_text("TSS\t3x\tmg/L\t20261123100500\t00\nNH4\t4\tmg/L\t20261123100500\t00\n")
    faults = FaultLog()
    for path in (good, bad):
        list(tt10.read_station_file(path, "S", faults))
    assert faults.mostly_failed() == [bad]

"""The registry: what it reads, and the sentence for every mistake."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from quantrac.domain.stations import PermitLimit, QcThresholds, StationKind
from quantrac.errors import RuleError
from quantrac.quality.defaults import default_thresholds
from quantrac.registry import (
    accelerated,
    load_registry,
    parse_registry,
    recorded_feeds,
    registry_sha256,
    sample_province,
    with_cadence,
)

SENSOR = """
[[station.sensor]]
parameter = "COD"
unit = "mg/L"
aliases = ["CODcr"]
convert_rate = 0.001
qc = { sensor_min = 0, sensor_max = 500, resolution = 0.5, flat_line_suspect_s = 7200 }
"""

STATION = """
[[station]]
code = "DT_A_NUOSXL"
effective_from = 2025-07-01
name_vi = "Trạm A"
name_en = "Station A"
kind = "effluent"
operator = "Công ty A"
longitude = 105.7
latitude = 10.3
"""

GOOD = STATION + SENSOR


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_every_key_reaches_the_domain() -> None:
    text = changed(
        'operator = "Công ty A"',
        'operator = "Công ty A"\npark = "KCN A"\nold_codes = ["TG_A"]\npermit_flow_m3_per_day = 4000\n'
        'limit_set = "QCVN40-2011-A"\nkq = 1.2\nkf = 0.9\ncontacts = ["a@example.vn"]\nillustration = true',
    )
    text += '[[station.permit_limit]]\nparameter = "COD"\nmaximum = 70\nsource = "GPMT 1"\n'
    (station,) = parse_registry(text, "x.toml").stations
    assert (station.code, station.effective_from) == ("DT_A_NUOSXL", date(2025, 7, 1))
    assert (station.name_vi, station.name_en, station.operator) == ("Trạm A", "Station A", "Công ty A")
    assert (station.kind, station.longitude, station.latitude) == (StationKind.EFFLUENT, 105.7, 10.3)
    assert (station.park, station.old_codes, station.contacts) == ("KCN A", ("TG_A",), ("a@example.vn",))
    assert (station.permit_flow_m3_per_day, station.limit_set) == (4000.0, "QCVN40-2011-A")
    assert (station.kq, station.kf, station.illustration) == (1.2, 0.9, True)
    assert station.permit_limits == (PermitLimit("COD", None, 70.0, "GPMT 1"),)
    (sensor,) = station.sensors
    assert (sensor.parameter, sensor.unit, sensor.cadence_s, sensor.aliases) == ("COD", "mg/L", 300.0, ("CODcr",))
    assert sensor.convert_rate == 0.001
    assert (sensor.qc.sensor_min, sensor.qc.sensor_max, sensor.qc.resolution) == (0, 500, 0.5)
    assert sensor.qc.flat_line_suspect_s == 7200


def test_qc_may_be_written_as_a_table_of_its_own() -> None:
    text = GOOD[: GOOD.index("qc =")] + "[station.sensor.qc]\nsensor_max = 500\n"
    assert parse_registry(text, "x.toml").stations[0].sensors[0].qc.sensor_max == 500


def test_what_is_not_given_is_the_default_of_the_parameter() -> None:
    (cod,) = parse_registry(changed(SENSOR[SENSOR.index("qc =") :], "cadence_s = 60\n"), "x.toml").stations[0].sensors
    assert cod.qc == default_thresholds("COD", StationKind.EFFLUENT, 60)


def test_a_default_is_in_the_unit_of_the_sensor() -> None:
    text = GOOD[: GOOD.index("qc =")].replace("mg/L", "µg/L")
    (cod,) = parse_registry(text, "x.toml").stations[0].sensors
    assert (cod.qc.expected_max, cod.qc.resolution) == (10_000_000.0, 500.0)  # 10,000 and 0.5 mg/L


def test_a_default_does_not_contradict_the_file() -> None:
    default = default_thresholds("COD", StationKind.EFFLUENT)
    assert default.expected_max is not None
    assert default.expected_max > 500
    qc = parse_registry(GOOD, "x.toml").stations[0].sensors[0].qc
    assert (qc.sensor_max, qc.expected_max) == (500, None)
    assert qc.max_rate_per_s == default.max_rate_per_s


def test_false_switches_a_threshold_off() -> None:
    text = changed("resolution = 0.5", "max_rate_per_s = false, flat_line_bad_s = false")
    qc = parse_registry(text, "x.toml").stations[0].sensors[0].qc
    assert qc.max_rate_per_s is None
    assert qc.flat_line_bad_s is None


def test_an_unknown_parameter_has_only_what_the_file_gives() -> None:
    text = GOOD.replace('"COD"', '"Xyz"')
    qc = parse_registry(text, "x.toml").stations[0].sensors[0].qc
    assert qc == QcThresholds(sensor_min=0, sensor_max=500, resolution=0.5, flat_line_suspect_s=7200)


def test_another_cadence_keeps_the_largest_step_between_neighbours() -> None:
    registry = parse_registry(GOOD, "x.toml")
    before, after = registry.stations[0].sensors[0], with_cadence(registry, 1.0).stations[0].sensors[0]
    assert (before.cadence_s, after.cadence_s) == (300.0, 1.0)
    assert before.qc.max_rate_per_s is not None
    assert after.qc.max_rate_per_s == pytest.approx(300 * before.qc.max_rate_per_s)


def test_an_accelerated_registry_scales_every_time() -> None:
    registry = parse_registry(GOOD, "x.toml")
    for station, faster in zip(registry.stations, accelerated(registry, 300.0).stations, strict=True):
        for before, after in zip(station.sensors, faster.sensors, strict=True):
            assert after.cadence_s == before.cadence_s / 300
            if before.qc.flat_line_bad_s is not None:
                assert after.qc.flat_line_bad_s == before.qc.flat_line_bad_s / 300
            if before.qc.max_rate_per_s is not None:  # the same step between neighbours
                step = before.qc.max_rate_per_s * before.cadence_s
                assert (after.qc.max_rate_per_s or 0) * after.cadence_s == pytest.approx(step)


MISTAKES = [
    # (text, words that the message must have)
    ("[[station]\n", ["not valid TOML"]),
    ("[[stations]]\n", ["stations", "did you mean 'station'"]),
    ("station = 3\n", ["station", "is a number", "give a list"]),
    ("station = [3]\n", ["entry 1", "[[station]]"]),
    (changed('kind = "effluent"', 'kind = "efluent"'), ["DT_A_NUOSXL, kind", "did you mean 'effluent'"]),
    (changed('kind = "effluent"', 'kind = "?"'), ["kind", "effluent, surface_water"]),
    (changed('kind = "effluent"', "kind = 3"), ["kind", "is a number (3)", "give a text"]),
    (changed('kind = "effluent"', ""), ["kind", "is missing"]),
    (changed('code = "DT_A_NUOSXL"', ""), ["station 1, code", "is missing"]),
    (changed("DT_A_NUOSXL", "DT/A"), ["code", "'DT/A' is not a station code"]),
    (changed("DT_A_NUOSXL", "DT+"), ["is not a station code"]),
    (changed('name_vi = "Trạm A"', 'name_vi = " "'), ["name_vi", "is empty"]),
    (changed("operator", "oprator"), ["oprator", "did you mean 'operator'"]),
    (changed("longitude", "xyzzy"), ["xyzzy", "known keys are"]),
    (changed("2025-07-01", '"2025-07-01"'), ["effective_from", "give a date"]),
    (changed("2025-07-01", "2025-07-01T00:00:00"), ["effective_from", "a date with a time"]),
    (changed("105.7", "true"), ["longitude", "true or false"]),
    (changed("105.7", "nan"), ["longitude", "finite"]),
    (changed("105.7", "190"), ["longitude", "-180..180"]),
    (changed("105.7", "5.49"), ["outside Vietnam", "illustration = true"]),
    (changed("105.7", "10.3").replace("latitude = 10.3", "latitude = 80"), ["outside Vietnam"]),
    (changed("operator", "kq = 0\noperator"), ["kq", "greater than 0"]),
    (changed("operator", "kf = 12\noperator"), ["kf", "between 0.6 and 1.3"]),
    (changed("operator", "permit_flow_m3_per_day = -1\noperator"), ["permit_flow_m3_per_day", "greater than 0"]),
    (changed("operator", 'contacts = ["a"]\noperator'), ["contacts", "'a' is not an e-mail address"]),
    (changed("operator", 'contacts = "a@b.vn"\noperator'), ["contacts", "give a list"]),
    (changed("operator", "contacts = [3]\noperator"), ["contacts", "holds 3"]),
    (changed("operator", 'illustration = "yes"\noperator'), ["illustration", "give true or false"]),
    (changed("operator", 'old_codes = ["a b"]\noperator'), ["old_codes", "'a b' is not a station code"]),
    (STATION, ["sensor", "at least one"]),
    (changed('unit = "mg/L"', ""), ["sensor COD, unit", "is missing"]),
    (changed('unit = "mg/L"', 'unit = "mg/L"\ncadence_s = 0'), ["sensor COD, cadence_s", "greater than 0"]),
    (changed('unit = "mg/L"', 'unit = "mg/L"\ncadence = 300'), ["cadence", "did you mean 'cadence_s'"]),
    (changed("0.001", "0"), ["convert_rate", "is 0"]),
    (changed('["CODcr"]', '["COD"]'), ["sensor COD, aliases", "'COD' already means COD"]),
    (changed('["CODcr"]', '["a", "a"]'), ["aliases", "'a' twice"]),
    (GOOD + SENSOR, ["sensor COD, parameter", "'COD' already means COD"]),
    (GOOD + SENSOR.replace('"COD"', '"TSS"'), ["sensor TSS, aliases", "'CODcr' already means COD"]),
    (changed("sensor_max = 500", "sensor_max = -1"), ["qc, sensor_min", "sensor_min must be below sensor_max"]),
    (changed("sensor_max = 500", "sensr_max = 500"), ["sensor COD, qc, sensr_max", "did you mean 'sensor_max'"]),
    (changed("resolution = 0.5", "resolution = -1"), ["resolution", "0 (unknown) or more"]),
    (changed("resolution = 0.5", "max_rate_per_s = 0"), ["max_rate_per_s", "greater than 0"]),
    (changed("resolution = 0.5", "expected_min = 9, expected_max = 1"), ["expected_min must be below expected_max"]),
    (changed("resolution = 0.5", "expected_max = 501"), ["expected_max must not be above sensor_max"]),
    (changed("resolution = 0.5", "flat_line_bad_s = 60"), ["flat_line_suspect_s must not be above flat_line_bad_s"]),
    (GOOD + '[[station.permit_limit]]\nparameter = "COD"\nsource = "x"\n', ["permit_limit COD", "at least one"]),
    (
        GOOD + '[[station.permit_limit]]\nparameter = "pH"\nminimum = 9\nmaximum = 6\nsource = "x"\n',
        ["permit_limit pH, minimum", "minimum must be below maximum"],
    ),
    (GOOD + 2 * '[[station.permit_limit]]\nparameter = "pH"\nmaximum = 6\nsource = "x"\n', ["two permit limits"]),
    (GOOD + GOOD, ["DT_A_NUOSXL, effective_from", "2025-07-01 is already described"]),
    (
        GOOD + changed('"DT_A_NUOSXL"', '"B"\nold_codes = ["DT_A_NUOSXL"]'),
        ["'DT_A_NUOSXL' is also a code of station DT_A"],
    ),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_names_the_file_and_the_key(text: str, words: list[str]) -> None:
    with pytest.raises(RuleError) as caught:
        parse_registry(text, "stations/a.toml")
    message = str(caught.value)
    assert message.startswith("stations/a.toml: ")
    for word in words:
        assert word in message


def test_exchanged_coordinates_are_recognised() -> None:
    text = changed("105.7", "10.3").replace("latitude = 10.3", "latitude = 85.0")
    assert "exchanged" not in _message(text)
    swapped = GOOD.replace("105.7", "?").replace("10.3", "105.7").replace("?", "10.3")
    assert "latitude" in _message(swapped)


def _message(text: str) -> str:
    with pytest.raises(RuleError) as caught:
        parse_registry(text, "x")
    return str(caught.value)


def test_two_versions_of_a_station_are_each_in_force_in_their_time() -> None:
    later = changed("2025-07-01", "2026-01-01").replace("Trạm A", "Trạm A mới")
    registry = parse_registry(GOOD + later, "x.toml")

    def name(day: datetime) -> str:
        station = registry.station("DT_A_NUOSXL", day)
        assert station is not None
        return station.name_vi

    # 2026-01-01 begins in Vietnam seven hours before it does in UTC.
    assert name(datetime(2025, 12, 31, 16, 59, tzinfo=UTC)) == "Trạm A"
    assert name(datetime(2025, 12, 31, 17, 0, tzinfo=UTC)) == "Trạm A mới"


def test_folders_and_files_are_read_together_and_must_agree(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("\ufeff" + GOOD, encoding="utf-8")
    (tmp_path / "b.toml").write_text(GOOD.replace("DT_A", "DT_B"), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not read", encoding="utf-8")
    assert [s.code for s in load_registry([tmp_path]).stations] == ["DT_A_NUOSXL", "DT_B_NUOSXL"]
    other = tmp_path / "more" / "c.toml"
    other.parent.mkdir()
    other.write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match=r"c\.toml: station DT_A_NUOSXL.*already described in .*a\.toml"):
        load_registry([tmp_path, other])


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b""])
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "a.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RuleError, match=r"a\.toml"):
        load_registry([file])


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"holds no \*\.toml"):
        load_registry([tmp_path])


def test_the_digest_is_of_what_is_said_not_of_how() -> None:
    other = GOOD.replace("DT_A", "DT_B")
    digest = registry_sha256(parse_registry(GOOD + other, "x"))
    assert registry_sha256(parse_registry("# remark\n" + other + GOOD, "y")) == digest
    assert registry_sha256(parse_registry(GOOD + other.replace("500", "501"), "x")) != digest


# C of QCVN 40:2011/BTNMT, column A and B; temperature, colour and pH take no coefficient.
COLUMNS = {"COD": (75, 150), "TSS": (50, 100), "NH4": (5, 10), "TN": (20, 40), "TP": (4, 6), "Color": (50, 150)}


class TestSampleProvince:
    """The sample province is an illustration and says so everywhere."""

    registry = load_registry([sample_province()])

    def test_has_twelve_discharge_points_and_four_hot_spots(self) -> None:
        kinds = [s.kind for s in self.registry.stations]
        assert kinds.count(StationKind.EFFLUENT) == 12
        assert kinds.count(StationKind.SURFACE_WATER) == 4

    def test_every_station_is_marked(self) -> None:
        for station in self.registry.stations:
            assert station.illustration
            assert "minh họa" in station.name_vi
            assert "illustration" in station.name_en
            assert "minh họa" in station.operator
            assert all("minh họa" in p.source for p in station.permit_limits)

    def test_every_file_says_in_its_first_line_that_it_is_invented(self) -> None:
        for file in sample_province().glob("*.toml"):
            assert file.read_text(encoding="utf-8").startswith("# MINH HỌA - ILLUSTRATION")

    def test_discharge_points_measure_what_the_circular_asks_for(self) -> None:
        mandatory = {"Flow", "Flow_in", "Temp", "pH", "COD", "TSS", "NH4"}
        for station in self.registry.stations:
            if station.kind is StationKind.EFFLUENT:
                assert mandatory <= set(station.sensor_of)
                assert station.limit_set in {"QCVN40-2011-A", "QCVN40-2011-B"}
            else:
                assert set(station.sensor_of) - {"Coliform"} == {
                    "pH",
                    "DO",
                    "Temp",
                    "TSS",
                    "COND",
                    "TURB",
                    "NH4",
                    "NO3",
                }
            assert {s.cadence_s for s in station.sensors} == {300.0}

    def test_measuring_ranges_reach_three_times_the_limit(self) -> None:
        for station in self.registry.stations:
            if station.limit_set is None:
                continue
            column = "AB".index(station.limit_set[-1])
            for parameter in COLUMNS.keys() & station.sensor_of.keys():
                factor = 1.0 if parameter == "Color" else station.kq * station.kf
                limit = COLUMNS[parameter][column] * factor
                sensor_max = station.sensor_of[parameter].qc.sensor_max
                assert sensor_max is not None
                assert sensor_max >= 3 * limit, (station.code, parameter)

    def test_kf_follows_the_permit_flow(self) -> None:
        for station in self.registry.stations:
            flow = station.permit_flow_m3_per_day
            if flow is not None:
                expected = 1.2 if flow <= 50 else 1.1 if flow <= 500 else 1.0 if flow <= 5000 else 0.9
                assert station.kf == expected

    @pytest.mark.parametrize("symbol", ["Flowin", "Flow_Out", "Amoni", "Nhiệtđộ", "NH4+", "N-NH4"])
    def test_symbols_of_real_files_are_understood(self, symbol: str) -> None:
        assert any(symbol in s.sensor_of_symbol for s in self.registry.stations)

    def test_stations_of_the_former_tien_giang_keep_their_old_code(self) -> None:
        at = datetime(2026, 11, 23, tzinfo=UTC)
        station = self.registry.station("TG_KCNMTHO_NUOSXL", at)
        assert station is not None
        assert station.code == "DT_KCNMTHO_NUOSXL"


class TestRecordedFeeds:
    """Stations whose recorded feeds can be replayed."""

    registry = load_registry([recorded_feeds()])

    @pytest.mark.parametrize(
        ("code", "symbols"),
        [
            ("TB_CAPH_NUOSXL", {"Temp", "Flowin", "Flow_Out", "Amoni", "COD", "pH", "TSS"}),
            ("HN_PHCH_NUOPCH", {"pH", "TSS", "COND", "TURB", "NO3-N", "DO", "Temp"}),
            ("EINDHOVEN", {"TSS_efflRBT", "CODtot_efflRBT", "NO3_efflRBT", "NH4_efflPST", "Cond_line2", "Flow_total"}),
            ("LRO_MAINSTREET", {"temp", "cond", "ph", "do", "turb", "stage"}),
        ],
    )
    def test_every_symbol_of_the_files_is_known(self, code: str, symbols: set[str]) -> None:
        station = self.registry.station(code, datetime(2026, 1, 1, tzinfo=UTC))
        assert station is not None
        assert symbols <= station.sensor_of_symbol.keys()

    def test_nothing_clashes_with_the_sample_province(self) -> None:
        assert len(load_registry([sample_province(), recorded_feeds()]).stations) == 23


@pytest.mark.parametrize("name", ["KCN\\u001b[2J", "KCN\\r\\nBcc: a@b", "<script>alert(1)</script>", "a\\u202eb"])
def test_9_a_name_that_a_terminal_a_mail_or_a_page_would_obey_is_refused(name: str) -> None:
    text = GOOD.replace('name_vi = "', f'name_vi = "{name} ', 1)
    assert text != GOOD
    with pytest.raises(RuleError, match="name_vi"):
        parse_registry(text, "stations.toml")


PERMIT = '[[station.permit_limit]]\nparameter = "{}"\nmaximum = {}\nsource = "GPMT"\n'

PASSED_BEFORE = [
    (changed('"mg/L"', '"mgg/L"'), ["sensor COD, unit", "did you mean 'mg/L'"]),
    (GOOD.replace('"COD"', '"Flow"'), ["sensor Flow, unit", "did you mean 'm³/h'"]),
    (GOOD.replace('"COD"', '"pH"'), ["sensor pH, unit", "leave it empty"]),
    (GOOD.replace('"COD"', '"cod"'), ["sensor cod, parameter", "did you mean 'COD'"]),
    (GOOD.replace('"COD"', '"Amoni"'), ["did you mean 'NH4'"]),
    (GOOD.replace('"COD"', '"Amoniac"'), ["did you mean 'NH4'"]),
    (GOOD + PERMIT.format("COD", 0), ["permit_limit COD, maximum", "greater than 0"]),
    (GOOD + PERMIT.format("CODD", 80), ["permit_limit CODD, parameter", "did you mean 'COD'"]),
    (GOOD.replace("105.7", "?").replace("10.3", "105.7").replace("?", "10.3"), ["They look exchanged"]),
    (changed('unit = "mg/L"', 'unit = "mg/L"\ncadence_s = 1e300'), ["cadence_s", "at most a day"]),
    (changed("operator", "effective_to = 2025-07-01\noperator"), ["effective_to", "later than effective_from"]),
]


@pytest.mark.parametrize(("text", "words"), PASSED_BEFORE, ids=range(len(PASSED_BEFORE)))
def test_number_16_a_mistake_is_told_with_the_nearest_known_name(text: str, words: list[str]) -> None:
    message = _message(text)
    for word in words:
        assert word in message


def test_number_16_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        changed('"mg/L"', '"mgg/L"').replace("105.7", "190").replace('name_vi = "Trạm A"', "")
        + PERMIT.format("TSS", 0),
        encoding="utf-8",
    )
    (tmp_path / "b.toml").write_text("station = [", encoding="utf-8")
    with pytest.raises(RuleError) as caught:
        load_registry([tmp_path])
    lines = str(caught.value).splitlines()
    for words in (["unit", "mg/L"], ["longitude"], ["name_vi", "missing"], ["TSS, maximum"], ["b.toml", "not valid"]):
        assert sum(all(word in line for word in words) for line in lines) == 1, words
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("parameter", "unit"),
    [("TURB", "FNU"), ("Stage", "cm"), ("COD", "ppm"), ("NH4", "mg/L NH4"), ("Flow_in", "m³/h"), ("Cd", "mg/L")],
)
def test_number_16_what_is_in_use_is_not_refused(parameter: str, unit: str) -> None:
    text = GOOD[: GOOD.index("qc =")].replace('"COD"', f'"{parameter}"').replace("mg/L", unit)
    assert parse_registry(text, "x").stations[0].sensors[0].parameter == parameter


def test_r5_a_retired_station_is_not_in_force_from_its_day_on() -> None:
    registry = parse_registry(changed("operator", "effective_to = 2026-01-01\noperator"), "x")
    before, after = datetime(2025, 12, 31, 16, 59, tzinfo=UTC), datetime(2025, 12, 31, 17, 0, tzinfo=UTC)
    assert registry.station("DT_A_NUOSXL", before) is not None
    assert registry.station("DT_A_NUOSXL", after) is None
    assert [s.code for s in registry.current(before)] == ["DT_A_NUOSXL"]
    assert list(registry.current(after)) == []


def test_r5_an_alias_added_later_reads_older_messages_and_nothing_else_changes() -> None:
    later = changed("2025-07-01", "2026-01-01").replace('["CODcr"]', '["CODmn"]').replace("0.001", "1.0")
    registry = parse_registry(GOOD + later, "x")
    old = registry.station("DT_A_NUOSXL", datetime(2025, 8, 1, tzinfo=UTC))
    assert old is not None
    read = registry.readable(old)
    assert read is registry.readable(old)
    assert read.sensors[0].aliases == ("CODcr", "CODmn")
    assert read.sensors[0].convert_rate == 0.001


PERMIT_OF = '\n[[station.permit_limit]]\nparameter = "COD"\nsource = "GPMT"\n{}\n'
IMPLAUSIBLE = [
    ("kq = 1e-9\noperator", ["kq", "between 0.6 and 1.3"]),
    ("kf = 1e-300\noperator", ["kf", "between 0.6 and 1.3"]),
    ("kf = nan\noperator", ["kf", "finite"]),
    ("kq = inf\noperator", ["kq", "finite"]),
    ("permit_flow_m3_per_day = 1e300\noperator", ["permit_flow_m3_per_day", "1e-09 and 1e+09"]),
    ("effective_to = 9999-12-31\noperator", ["effective_to", "1970-01-01 to 2100-12-31"]),
]


def test_number_16_a_rate_that_turns_every_value_over_is_refused() -> None:
    with pytest.raises(RuleError, match="between 1e-09 and 1e"):
        parse_registry(changed("convert_rate = 0.001", "convert_rate = -0.001"), "x.toml")


@pytest.mark.parametrize(
    ("text", "words"), IMPLAUSIBLE, ids=[text.split("\n", maxsplit=1)[0] for text, _ in IMPLAUSIBLE]
)
def test_number_6_and_16_implausible_numbers_of_a_station_are_refused(text: str, words: list[str]) -> None:
    with pytest.raises(RuleError) as told:
        parse_registry(changed("operator", text), "x.toml")
    assert all(word in str(told.value) for word in words)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-01-01", "1969-12-31"])
def test_number_16_a_mistyped_year_is_refused(day: str) -> None:
    text = re.sub(r"effective_from = .*", f"effective_from = {day}", GOOD, count=1)
    with pytest.raises(RuleError, match="give a day from 1970-01-01 to 2100-12-31"):
        parse_registry(text, "x.toml")


@pytest.mark.parametrize(
    ("limit", "word"),
    [
        ("maximum = 1e-320", "between 1e-09 and 1e+09"),
        ("maximum = 1e308", "between 1e-09 and 1e+09"),
        ("maximum = inf", "finite"),
        ("maximum = nan", "finite"),
        ("minimum = -1e300", "between -1e+09 and 1e+09"),
        ("maximum = 0", "greater than 0"),
    ],
)
def test_number_6_a_permit_limit_that_is_no_limit_is_refused(limit: str, word: str) -> None:
    with pytest.raises(RuleError, match=re.escape(word)):
        parse_registry(GOOD + PERMIT_OF.format(limit), "x.toml")

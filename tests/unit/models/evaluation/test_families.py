"""The readers of the families: what a folder's files mean, whatever they are called."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.evaluation.families import FAMILIES, family_named
from models.evaluation.tables import Table, read_table
from models.protocol import TriageClass


def _write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


def test_gecco(tmp_path: Path) -> None:
    _write(
        tmp_path / "x.csv.gz",
        "Time,Tp,Cl,pH,Redox,Leit,Trueb,Cl_2,Fm,Fm_2,EVENT",
        "2018-01-01 00:00,6.5,0.17,8.3,749,211,0.01,0.1,1677,695,0",
        "2018-01-01 00:01,,,,,,,,,,1",
    )
    _write(tmp_path / "events.csv", "start,end,minutes", "2018-01-01 00:01,2018-01-01 00:01,1")
    (series,) = FAMILIES["gecco"].load(tmp_path)
    assert series.targets == ("ClO2", "pH", "Redox", "COND", "TURB", "ClO2_2")
    assert series.labels is not None
    assert series.labels.tolist() == [False, True]
    assert np.isnan(series.values[1]).all()


def test_skab_reads_labelled_files_only_and_its_first_400_rows_are_for_training(tmp_path: Path) -> None:
    rows = [
        f"2020-03-09 10:{i // 60:02}:{i % 60:02};{i / 100};0.5;{float(i > 450)};{float(i == 451)}" for i in range(500)
    ]
    _write(tmp_path / "a" / "1.csv", "datetime;A;B;anomaly;changepoint", *rows)
    _write(tmp_path / "free.csv", "datetime;A;B", "2020-03-09 10:00:00;1;2")
    (series,) = FAMILIES["skab"].load(tmp_path)
    assert (series.columns, series.probation_rows) == (("A", "B"), 400)
    assert series.changepoints is not None
    assert np.flatnonzero(series.changepoints).tolist() == [451]


def test_nab_finds_windows_by_path_or_by_its_unambiguous_end(tmp_path: Path) -> None:
    lines = ["timestamp,value", *(f"2014-04-0{1 + i // 24} {i % 24:02}:00:00,{i}" for i in range(100))]
    _write(tmp_path / "data" / "real" / "f.csv.gz", *lines)
    _write(tmp_path / "g.csv", *lines)
    windows = {
        "real/f.csv": [["2014-04-02 02:00:00.000000", "2014-04-02 06:00:00.000000"]],
        "other/g.csv": [],
        "other/ff.csv": [],
    }
    _write(tmp_path / "labels" / "combined_windows.json", json.dumps(windows))
    f, g = FAMILIES["nab"].load(tmp_path)
    assert f.probation_rows == 15
    assert f.labels is not None
    assert np.flatnonzero(f.labels).tolist() == list(range(26, 31))
    assert g.labels is not None
    assert not g.labels.any()


def test_nab_without_labels_is_a_sentence(tmp_path: Path) -> None:
    _write(tmp_path / "f.csv", "timestamp,value", "2014-04-01 00:00:00,1")
    with pytest.raises(ModelError, match=r"nor its parents hold labels/combined_windows.json"):
        FAMILIES["nab"].load(tmp_path)
    _write(tmp_path / "combined_windows.json", "{}")
    with pytest.raises(ModelError, match=r"has no entry for f.csv"):
        FAMILIES["nab"].load(tmp_path)


def test_lro_labels_by_qualifier_and_by_missing_value(tmp_path: Path) -> None:
    _write(
        tmp_path / "Site2019.csv",
        "datetime,temp,temp_cor,temp_qual,ph,ph_cor,ph_qual,turb,turb_cor,turb_qual",
        "2019-01-01 00:00,1.0,1.0,NULL,8.1,8.1,NULL,3,3,7",
        "2019-01-01 00:15,1.0,1.0,7,8.1,-9999,NULL,3,3,NULL",
        "2019-01-01 00:30,-9999,1.0,NULL,8.1,8.1,NULL,3,3,NULL",
    )
    (series,) = FAMILIES["lro"].load(tmp_path)
    assert (series.columns, series.covariates, series.group) == (("temp", "ph", "turb"), ("turb",), "Site")
    assert series.labels is not None
    assert series.labels.tolist() == [[False, False, False], [True, True, False], [True, False, False]]
    assert np.isnan(series.values[2, 0])


def test_oddwater_counts_high_priority_types_only(tmp_path: Path) -> None:
    _write(
        tmp_path / "creek.csv",
        "Timestamp,Level,Cond,Tur,label_Level,label_Cond,label_Tur,type_Level,type_Cond,type_Tur",
        "2017-03-12 01:00,0.6,326,34,0,0,0,0,0,0",
        "2017-03-12 02:30,0.6,326,934,0,0,1,0,0,A",
        "2017-03-12 04:00,0.6,226,34,0,1,0,0,D,0",
        "2017-03-12 05:30,0.6,326,34,0,0,1,0,0,H",
        "2017-03-12 07:00,0.6,,34,0,1,0,0,K,0",
        "2017-03-12 08:30,9.6,326,34,1,0,0,F,0,0",
    )
    (series,) = FAMILIES["oddwater"].load(tmp_path)
    assert series.labels is not None
    assert series.ignore is not None
    assert series.labels.tolist() == [False, True, True, False, False, False]
    assert series.ignore.tolist() == [False, False, False, True, True, True]
    assert series.targets == ("Cond", "Tur")


SIGNALS = ("Time,flow_m3h,nh4_mgl", "2013-01-01 00:05,6965.1,32.4", "2013-01-01 00:10,7315.2,32.3")


def test_eindhoven_pairs_files_by_their_content(tmp_path: Path) -> None:
    _write(tmp_path / "q.csv.gz", *SIGNALS)
    _write(tmp_path / "z.csv.gz", "Time,flow_m3h,nh4_mgl", "2013-01-01 00:05,0,1", "2013-01-01 00:10,0,1")
    _write(tmp_path / "raw.csv", "Time,NH4_efflPST,Flow_total", "2013-01-01 00:05,Bad,1")
    header = "start,end,cls,type,sensors"
    _write(tmp_path / "m.csv", header, "2013-01-01 00:10,2013-01-01 00:10,process,ammonia_dump,nh4_mgl|cond_uscm")
    _write(tmp_path / "other.csv", header, "2014-06-01 00:10,2014-06-01 00:10,fault,stuck,nh4_mgl")
    (series,) = FAMILIES["eindhoven"].load(tmp_path)
    assert series.columns == ("flow_m3h", "nh4_mgl")
    assert [(e.kind, e.cls, e.sensors) for e in series.events] == [
        ("ammonia_dump", TriageClass.POLLUTION, ("nh4_mgl", "cond_uscm"))
    ]
    assert series.labels is not None
    assert series.ignore is not None
    assert series.labels.tolist() == [False, True]
    assert series.ignore.tolist() == [True, False]  # rows of an event count for its recall even if masked


def test_an_events_file_that_reaches_beyond_its_series_belongs_to_it_all_the_same(tmp_path: Path) -> None:
    _write(tmp_path / "q.csv", *SIGNALS)
    header = "start,end,cls,type,sensors"
    events = [f"2013-01-{day:02} 00:10,2013-01-{day:02} 00:10,fault,spike,nh4_mgl" for day in range(1, 5)]
    _write(tmp_path / "m.csv", header, *events)
    (series,) = FAMILIES["eindhoven"].load(tmp_path)
    assert len(series.events) == 1


def test_a_mask_may_write_its_stamps_otherwise_and_hold_other_rows(tmp_path: Path) -> None:
    _write(tmp_path / "q.csv", *SIGNALS)
    _write(tmp_path / "e.csv", "start,end,cls,type,sensors", "2013-01-01 00:10,2013-01-01 00:10,fault,spike,nh4_mgl")
    _write(tmp_path / "z.csv", "Time,flow_m3h,nh4_mgl", "2013-01-01T00:00:00,1,1", "2013-01-01T00:05:00,0,1")
    (series,) = FAMILIES["eindhoven"].load(tmp_path)
    assert series.ignore is not None
    assert series.ignore.tolist() == [True, False]


@pytest.mark.parametrize("events", [None, "2014-06-01 00:10,2014-06-01 00:10,fault,stuck,nh4_mgl"])
def test_a_series_without_its_events_is_a_sentence(tmp_path: Path, events: str | None) -> None:
    _write(tmp_path / "q.csv", *SIGNALS)
    if events:
        _write(tmp_path / "m.csv", "start,end,cls,type,sensors", events)
    with pytest.raises(ModelError, match=r"q.csv: none of the \d files of events beside it .* copy the one"):
        FAMILIES["eindhoven"].load(tmp_path)


def test_a_station_where_nothing_happened_has_an_empty_events_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _write(tmp_path / f"{name}.csv", "observed_at,cod", "2026-01-01 00:00,1", "2026-01-01 00:05,1")
    header = "start,end,cls,type,sensors"
    _write(tmp_path / "a_events.csv", header, "2026-01-01 00:05,2026-01-01 00:05,fault,stuck,cod")
    _write(tmp_path / "b_events.csv", header)
    a, b = FAMILIES["scenarios"].load(tmp_path)
    assert (len(a.events), len(b.events)) == (1, 0)


def test_row_numbers_are_no_sensor_and_a_file_without_sensors_is_a_sentence(tmp_path: Path) -> None:
    _write(tmp_path / "x.csv", ",Unnamed: 0,Time,pH,EVENT", "1,0,2018-01-01 00:00,8.3,0")
    (series,) = FAMILIES["gecco"].load(tmp_path)
    assert series.columns == ("pH",)
    _write(tmp_path / "x.csv", "Time,EVENT", "2018-01-01 00:00,0")
    with pytest.raises(ModelError, match=r"x.csv has no column of a sensor"):
        FAMILIES["gecco"].load(tmp_path)


def test_a_column_given_twice_and_a_row_without_a_stamp_are_sentences(tmp_path: Path) -> None:
    _write(tmp_path / "x.csv", "Time,pH,pH,EVENT", "2018-01-01 00:00,8.3,8.3,0")
    with pytest.raises(ModelError, match=r"more than one column pH"):
        FAMILIES["gecco"].load(tmp_path)
    _write(tmp_path / "x.csv", "Time,pH,EVENT", "2018-01-01 00:00,8.3,0", ",8.3,0")
    with pytest.raises(ModelError, match=r"data row 2 has no time stamp"):
        FAMILIES["gecco"].load(tmp_path)


def test_words_for_missing_are_no_labels(tmp_path: Path) -> None:
    rows = ["2019-01-01 00:00,7.1,7.1,nan", "2019-01-01 00:15,7.1,7.1,NA", "2019-01-01 00:30,7.1,7.1,4"]
    _write(tmp_path / "S2019.csv", "datetime,ph,ph_cor,ph_qual", *rows)
    (lro,) = FAMILIES["lro"].load(tmp_path)
    assert lro.labels is not None
    assert lro.labels[:, 0].tolist() == [False, False, True]
    rows = ["2019-01-01 00:00,1,7,0.0", "2019-01-01 01:15,1,7,NA", "2019-01-01 02:30,1,7,A"]
    _write(tmp_path / "river.csv", "Timestamp,Level,Tur,type_Tur", *rows)
    (river,) = FAMILIES["oddwater"].load(tmp_path)
    assert river.labels is not None
    assert river.ignore is not None
    assert river.labels.tolist() == [False, False, True]
    assert not river.ignore.any()


def test_nab_finds_its_labels_above_the_data(tmp_path: Path) -> None:
    _write(tmp_path / "data" / "real" / "f.csv", "timestamp,value", "2014-04-01 00:00:00,1")
    _write(tmp_path / "labels" / "combined_windows.json", json.dumps({"real/f.csv": []}))
    (series,) = FAMILIES["nab"].load(tmp_path / "data" / "real")
    assert not series.events
    _write(tmp_path / "labels" / "combined_windows.json", json.dumps({"real/f.csv": [["yesterday", "today"]]}))
    with pytest.raises(ModelError, match=r"combined_windows.json cannot be read"):
        FAMILIES["nab"].load(tmp_path / "data")


def test_scenarios_read_stamps_with_an_offset(tmp_path: Path) -> None:
    _write(tmp_path / "s.csv", "observed_at,COD", "2026-01-01T07:00:00+07:00,50", "2026-01-01T07:05:00+07:00,")
    _write(
        tmp_path / "s_events.csv",
        "start,end,cls,type,sensors",
        "2026-01-01T00:05:00Z,2026-01-01T00:05:00Z,fault,stuck,COD",
    )
    (series,) = FAMILIES["scenarios"].load(tmp_path)
    assert series.times[0] == np.datetime64("2026-01-01T00:00:00")
    assert series.labels is not None
    assert series.labels.tolist() == [False, True]


def test_an_unknown_family_is_a_sentence() -> None:
    with pytest.raises(ModelError, match="no benchmark family 'geco': choose one of gecco, skab"):
        family_named("geco")


def test_text_where_a_number_belongs_is_a_sentence(tmp_path: Path) -> None:
    _write(tmp_path / "x.csv", "a,b", "1,Bad", "2,twelve")
    with pytest.raises(ModelError, match=r"x.csv: column b holds text that is not a number"):
        read_table(tmp_path / "x.csv").floats("b")


def test_short_rows_are_filled_and_unreadable_files_are_a_sentence(tmp_path: Path) -> None:
    _write(tmp_path / "x.csv", "a,b", "1")
    assert np.isnan(read_table(tmp_path / "x.csv").floats("b")).all()
    (tmp_path / "y.csv.gz").write_bytes(b"not gzip")
    with pytest.raises(ModelError, match=r"y.csv.gz cannot be read"):
        read_table(tmp_path / "y.csv.gz")


def test_a_bad_stamp_is_a_sentence() -> None:
    with pytest.raises(ModelError, match="time stamp cannot be read"):
        Table(Path("f.csv"), ("Time",), {"Time": ["yesterday"]}).times("Time")

"""Station files of TT 10/2021 as four loggers in use write them; expected values are read off the files by hand."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.payloads import Decoded, InstantBounds
from ingest.payloads.tt10 import decode
from quantrac.domain.deadletters import RejectReason as R
from quantrac.domain.loggers import LoggerSettings, Separator
from quantrac.domain.readings import Status
from quantrac.domain.stations import Sensor, Station, StationKind

NOW = datetime(2026, 11, 23, 3, 6, tzinfo=UTC)
AT = datetime(2026, 11, 23, 3, 5, tzinfo=UTC)
STAMP = "20261123100500"
SENSORS = (
    Sensor("Flow", "m3/h", aliases=("Flow_Out",)),
    Sensor("Temp", "°C", aliases=("Nhiệtđộ", "Nhiệt độ nước")),
    Sensor("pH", ""),
    Sensor("TSS", "mg/L"),
    Sensor("COD", "mg/L"),
    Sensor("NH4", "mg/L", aliases=("Amoni",)),
    Sensor("Xylene", "mg/L", aliases=("m,p-Xylene", "Vinyl chloride")),
)


def station(**logger: object) -> Station:
    settings = LoggerSettings(**logger)  # type: ignore[arg-type]
    return Station("DT_A", date(2026, 1, 1), "", "", StationKind.EFFLUENT, "", 105.0, 10.0, SENSORS, logger=settings)


PLAIN = station()


def decoded(content: str | bytes, of: Station = PLAIN, now: datetime = NOW) -> Decoded:
    payload = content.encode() if isinstance(content, str) else content
    return decode(payload, "DT_A", of, now, InstantBounds())


def values(found: Decoded) -> dict[str, float | None]:
    assert found.rejected == ()
    return {r.parameter: r.value for r in found.readings}


CIRCULAR = (
    f"Flow\t82.40\tm3/h\t{STAMP}\t00\r\nTemp\t29.6\toC\t{STAMP}\t00\r\npH\t7.21\t\t{STAMP}\t00\r\n"
    f"TSS\t31.2\tmg/L\t{STAMP}\t00\r\nCOD\t58.0\tmg/L\t{STAMP}\t01\r\nNH4\t4.10\tmg/l\t{STAMP}\t02\r\n"
)


def test_the_circulars_file() -> None:
    found = decoded(CIRCULAR)
    assert values(found) == {"Flow": 82.4, "Temp": 29.6, "pH": 7.21, "TSS": 31.2, "COD": 58.0, "NH4": 4.1}
    assert [r.status.value for r in found.readings] == ["00", "00", "00", "00", "01", "02"]
    assert {r.observed_at for r in found.readings} == {AT}
    assert {(r.station, r.received_at) for r in found.readings} == {("DT_A", NOW)}
    assert found.observed_at == AT


@pytest.mark.parametrize(
    "content",
    [
        CIRCULAR.replace("\r\n", "\n"),
        CIRCULAR.rstrip(),
        "\r\n" + CIRCULAR + "\r\n \r\n",
        "\ufeff" + CIRCULAR,
        CIRCULAR.replace("pH", "\ufeffpH"),
        CIRCULAR.replace("pH", "\ufeffpH").encode("utf-16"),
        CIRCULAR.encode("utf-16"),
        CIRCULAR.encode("utf-16-le"),
        CIRCULAR.encode("utf-16-be"),
        CIRCULAR.replace("\r\n", "\r"),
        CIRCULAR.replace("\r\n", "\t\r\n"),
        CIRCULAR.replace("\t", ";").replace("\r\n", ";\r\n"),
        CIRCULAR.replace("\t", ";"),
        CIRCULAR.replace("\t", ","),
        CIRCULAR.replace("oC", "°C").encode("cp1258"),
        CIRCULAR.replace("oC", "°C").encode("latin-1"),
        CIRCULAR.replace("Temp", unicodedata.normalize("NFD", "Nhiệtđộ")),
        CIRCULAR.replace("Temp", "Nhi\u00ea\u0323tđ\u00f4\u0323").encode("cp1258"),
        CIRCULAR.replace("Temp", "Nhiệt độ nước"),
        CIRCULAR.replace("Flow", "Flow_Out").replace("NH4", "amoni"),
        CIRCULAR.replace("\t00\r", "\t00 \r"),
    ],
)
def test_the_same_file_as_other_loggers_write_it(content: str | bytes) -> None:
    assert decoded(content).readings == decoded(CIRCULAR).readings


@pytest.mark.parametrize(
    "heading",
    [
        "symbol\tvalue\tunit\ttime\tstatus",
        "Symbol\tValue\tUnit\tTimestamp\tStatus code\t",
        "Ký hiệu\tGiá trị\tĐơn vị\tThời gian\tTrạng thái",
        "KY HIEU\tGIA TRI\tDVT\tNGAY GIO\t",
        unicodedata.normalize("NFD", "Thông số\tKết quả\tĐơn vị tính\tThời gian đo (yyyyMMddHHmmss)\tTình trạng"),
        "# Parameter\tvalue\t[unit]\tDate/Time\tstate",
    ],
)
def test_a_heading_line_is_no_parameter(heading: str) -> None:
    twice = f"{heading}\r\n{CIRCULAR}{heading}\r\n"
    for content in (f"{heading}\r\n{CIRCULAR}", twice, twice.replace("\t", ";"), twice.encode("utf-16")):
        assert decoded(content).readings == decoded(CIRCULAR).readings
        assert decoded(content).rejected == ()
    (refused,) = decoded(f"{heading}\r\n").rejected
    assert refused.reason is R.WRONG_SHAPE
    assert "heading" in refused.detail


@pytest.mark.parametrize(
    "line",
    [
        f"symbol\t58.0\tmg/L\t{STAMP}\t00",
        f"symbol\t\tmg/L\t{STAMP}\t02",
        f"symbol\tvalue\tunit\t{STAMP}\tstatus",
        "symbol\t58.0\tunit\ttime\tstatus",
        "COD\tvalue\tunit\ttime\tstatus",
        "symbol\tvalue\tunit\ttime\t00",
        "symbol\tvalue\tmg/L\ttime\tstatus",
        "\t\t\t\t00",
        "symbol\t\tunit\t\tstatus",
        f"symbol{'(' * 200_000}\tvalue\tunit\ttime\tstatus",
    ],
)
def test_nothing_hides_in_a_heading(line: str) -> None:
    assert len(decoded(CIRCULAR + line).rejected) == 1


def test_several_instants_in_one_file_come_in_their_order() -> None:
    #  file:  10:05 COD   10:00 COD, TSS   09:55 COD
    lines = [("COD", 3, "1005"), ("COD", 2, "1000"), ("TSS", 9, "1000"), ("COD", 1, "0955")]
    found = decoded("\n".join(f"{p}\t{v}\tmg/L\t20261123{t}00\t00" for p, v, t in lines))
    assert [(r.parameter, r.value, r.observed_at) for r in found.readings] == [
        ("COD", 1.0, AT - timedelta(minutes=10)),
        ("COD", 2.0, AT - timedelta(minutes=5)),
        ("TSS", 9.0, AT - timedelta(minutes=5)),
        ("COD", 3.0, AT),
    ]
    assert found.observed_at == AT


@pytest.mark.parametrize(
    ("value", "status", "expected", "kept"),
    [
        ("", "02", None, Status.FAULT),
        ("", "00", None, Status.MEASURING),
        ("----", "02", None, Status.FAULT),
        ("NaN", "01", None, Status.CALIBRATING),
        (" N/A ", "03", None, Status.MAINTENANCE),
        ("null", "07", None, Status.UNKNOWN),
        ("58", "03", 58.0, Status.MAINTENANCE),
        ("58", "07", 58.0, Status.UNKNOWN),
        ("58", "", 58.0, Status.UNKNOWN),
        ("-1.60", "00", -1.6, Status.MEASURING),
        ("0.00", "00", 0.0, Status.MEASURING),
        ("1e2", "00", 100.0, Status.MEASURING),
        (" 58.0 ", "00", 58.0, Status.MEASURING),
    ],
)
def test_values_and_statuses_are_kept_as_the_logger_wrote_them(
    value: str, status: str, expected: float | None, kept: Status
) -> None:
    (reading,) = decoded(f"COD\t{value}\tmg/L\t{STAMP}\t{status}").readings
    assert (reading.value, reading.status) == (expected, kept)


def test_zero_is_missing_only_where_the_station_says_so_and_only_when_measuring() -> None:
    lines = f"COD\t0.00\tmg/L\t{STAMP}\t00\nFlow\t0.00\tm3/h\t{STAMP}\t00\nTSS\t0.00\tmg/L\t{STAMP}\t01"
    found = values(decoded(lines, station(zero_is_missing=("COD", "TSS"))))
    assert found == {"COD": None, "Flow": 0.0, "TSS": 0.0}


def test_a_decimal_comma_is_never_guessed() -> None:
    lines = f"Flow\t61,617\tm3/h\t{STAMP}\t00"  # sixty-one, or sixty-one thousand
    (refused,) = decoded(lines).rejected
    assert (refused.reason, refused.parameter) == (R.NOT_A_NUMBER, "Flow")
    assert "decimal_comma" in refused.detail
    assert values(decoded(lines, station(decimal_comma=True))) == {"Flow": 61.617}


def test_symbols_hold_spaces_and_commas() -> None:
    assert values(decoded(f"Vinyl chloride\t1\tmg/L\t{STAMP}\t00")) == {"Xylene": 1.0}
    assert values(decoded(f"m,p-Xylene\t1\tmg/L\t{STAMP}\t00")) == {"Xylene": 1.0}
    commas = station(separator=Separator.COMMA)
    assert values(decoded(f"m,p-Xylene,1,mg/L,{STAMP},00", commas)) == {"Xylene": 1.0}


def test_a_registered_separator_is_the_only_one() -> None:
    found = decoded(CIRCULAR, station(separator=Separator.SEMICOLON))
    assert found.readings == ()
    assert {r.reason for r in found.rejected} == {R.WRONG_SHAPE}
    assert sum(r.readings for r in found.rejected) == 6


@pytest.mark.parametrize(
    ("line", "reason", "parameter"),
    [
        (f"COD\t\x00\tmg/L\t{STAMP}\t00", R.NOT_A_NUMBER, "COD"),
        (f"COD\tnan\tmg/L\t{STAMP}\t00", R.NOT_A_NUMBER, "COD"),
        (f"COD\t1e999\tmg/L\t{STAMP}\t00", R.NOT_A_NUMBER, "COD"),
        (f"COD\t1_0\tmg/L\t{STAMP}\t00", R.NOT_A_NUMBER, "COD"),
        (f"COD\t٣\tmg/L\t{STAMP}\t00", R.NOT_A_NUMBER, "COD"),
        (f"COD\t1.234,5\tmg/L\t{STAMP}\t00", R.NOT_A_NUMBER, "COD"),
        (f"Door\t1\t\t{STAMP}\t00", R.UNKNOWN_PARAMETER, "Door"),
        (f"COD\t1\tppm\t{STAMP}\t00", R.UNIT_UNKNOWN, "COD"),
        ("COD\t1\tmg/L\t20261323100500\t00", R.BAD_INSTANT, None),
        ("COD\t1\tmg/L\t2026-11-23 10:05\t00", R.BAD_INSTANT, None),
        ("COD\t1\tmg/L\t00010101000000\t00", R.BAD_INSTANT, None),
        ("COD\t1\tmg/L\t20261123101601\t00", R.INSTANT_IN_FUTURE, None),
        ("COD\t1\tmg/L\t20360101000000\t00", R.INSTANT_IN_FUTURE, None),
        ("COD\t1\tmg/L\t20200101000000\t00", R.INSTANT_TOO_OLD, None),
        ("COD\t1\tmg/L\t2026112310", R.WRONG_SHAPE, None),
        (f"\t1\tmg/L\t{STAMP}\t00", R.WRONG_SHAPE, None),
        (f"COD\t1\tmg/L\t{STAMP}\t00\tmore", R.WRONG_SHAPE, None),
        (f"TSS\t1\tmg/L\t{STAMP}\t00", R.DUPLICATE_PARAMETER, "TSS"),
    ],
)
def test_a_bad_line_is_refused_and_the_others_kept(line: str, reason: R, parameter: str | None) -> None:
    found = decoded(f"TSS\t31.2\tmg/L\t{STAMP}\t00\n{line}\npH\t7.21\t\t{STAMP}\t00\n")
    assert [(r.parameter, r.value) for r in found.readings] == [("TSS", 31.2), ("pH", 7.21)]
    (rejected,) = found.rejected
    assert (rejected.reason, rejected.parameter) == (reason, parameter)
    assert len(rejected.detail) > 20
    assert rejected.detail.isprintable()


def test_the_same_fault_in_many_lines_is_one_dead_letter_that_counts_them() -> None:
    lines = [f"Door\t1\t\t20261123{h:02}{m:02}00\t00" for h in range(8) for m in range(60)]
    (refused,) = decoded("\n".join(lines)).rejected
    assert (refused.reason, refused.parameter, refused.readings) == (R.UNKNOWN_PARAMETER, "Door", 480)


def test_every_line_of_junk_is_counted_and_dead_letters_are_bounded() -> None:
    found = decoded("\n".join(f"X{i}\t1\t\t{STAMP}\t00" for i in range(5000)))
    assert sum(r.readings for r in found.rejected) == 5000
    assert len(found.rejected) <= 100


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b" \t \n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    (refused,) = decoded(content).rejected
    assert (refused.reason, refused.parameter) == (R.WRONG_SHAPE, None)


def test_a_number_beyond_a_double_after_conversion() -> None:
    (refused,) = decoded(f"Flow\t1e308\tm3/s\t{STAMP}\t00").rejected
    assert refused.reason is R.NOT_A_NUMBER

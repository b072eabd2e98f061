"""On-call files, calendar feeds and the week's summary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.oncall.document import of_rows, parse
from alerts.oncall.duty import Shift
from alerts.oncall.handover import summary_text, week
from alerts.oncall.ics import Duties, calendar, folded
from alerts.oncall.writing import documents, export
from quantrac.domain.incidents import Incident, IncidentCause, IncidentState, Topic
from quantrac.domain.oncall import ContactChannel, ContactKind, OnCallRows, Swap, SwapState
from quantrac.errors import RuleError

FILE = """
[[person]]
code = "an"
name = "Nguyễn Văn An"
quiet = { from = "22:00", to = "06:00" }

[[person.channel]]
kind = "email"
address = "an@so.vn"

[[person.channel]]
kind = "zalo"
address = "zalo-an"
delay_min = 5

[[person]]
code = "nha-may"
name = "Nhà máy"
role = "operator"
stations = ["S1"]

[[rota]]
code = "truc-ban"
title = 'Trực ban "24/7"'

[[rota.layer]]
members = ["an"]
first_turn = 2026-11-02
hand_over = "07:00"
from = "07:00"
to = "19:00"

[[rota.temporary]]
title = "Tết"
starts = 2027-02-05T07:00:00
ends = 2027-02-12T07:00:00

[[rota.temporary.shift]]
person = "an"
starts = 2027-02-05T07:00:00
ends = 2027-02-06T07:00:00+07:00

[[policy]]
code = "nuoc"
severities = ["high", "critical"]
then = "khac"

[[policy.step]]
targets = ["operator", "rota:truc-ban"]
wait_min = 15
"""


def test_a_file_comes_back_as_it_was_written() -> None:
    read = parse(FILE, "f.toml")
    assert parse(export(read), "g.toml") == read
    assert [p.code for p in read.people] == ["an", "nha-may"]
    # a time without an offset is Vietnam's
    assert read.rotas[0].temporaries[0].starts_at == datetime(2027, 2, 5, 0, 0, tzinfo=UTC)


def test_what_the_database_keeps_is_the_same_with_channels_and_swaps_that_count() -> None:
    read = parse(FILE, "f.toml")
    kept = documents(read)
    for person in kept["person"]:
        person.pop("channel")
    verified = ContactChannel(7, "an", ContactKind.EMAIL, "an@so.vn", verified_at=datetime(2026, 11, 1, tzinfo=UTC))
    at = datetime(2026, 11, 23, tzinfo=UTC)
    swap = Swap(1, "truc-ban", "an", "binh", at, at + timedelta(days=1), state=SwapState.ACCEPTED)
    rows = OnCallRows(
        tuple(kept["person"]), tuple(kept["rota"]), tuple(kept["policy"]), (verified,),
        swaps=(swap, replace(swap, state=SwapState.PROPOSED)),
    )  # fmt: skip
    found = of_rows(rows)
    assert (found.rotas, found.policies) == (read.rotas, read.policies)
    assert found.people[0].channels == (verified,)
    assert [(o.remove, o.add) for o in found.overrides] == [("an", "binh")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('hand_over = "07:00"', 'hand_over = "25:00"', r"line 29: rota truc-ban, layer 1, hand_over: is '25:00'"),
        ("first_turn = 2026-11-02", 'first_turn = "soon"', r"line 28: rota truc-ban, layer 1, first_turn: is 'soon'"),
        ('members = ["an"]', "members = []", r"line 27: rota truc-ban, layer 1, members: is empty"),
        ('kind = "zalo"', 'kind = "zola"', r"line 12: person an, channel 2, kind: 'zola' .*did you mean 'zalo'"),
        ('"an@so.vn"', '"an"', r"line 9: person an, channel 1, address: 'an' is not an e-mail address"),
        ("delay_min = 5", "delay_min = -1", r"line 14: person an, channel 2, delay_min: is -1"),
        ('stations = ["S1"]', "", r"line 16: person nha-may, stations: must be given for an operator"),
        ('"rota:truc-ban"]', '"rota truc-ban"]', r"line 49: policy nuoc, step 1, targets: holds 'rota truc-ban'"),
        ('code = "nuoc"', 'code = "nước thải"', r"policy nước thải, code: 'nước thải' is no code"),
        ('["high", "critical"]', '["hihg"]', r"line 45: policy nuoc, severities: 'hihg' .*did you mean 'high'"),
        ('code = "nha-may"', 'code = "an"', r"line 3: person an, code: stands twice"),
        ("ends = 2027-02-12T07:00:00", "ends = 2027-02-01T07:00:00", r"line 36: .*temporary Tết, ends: is not"),
        ("2027-02-06T07:00:00+07:00", "2027-03-06T07:00:00", r"temporary Tết, shift 1, starts: or ends lies outside"),
        ('to = "06:00" }', 'to = "06:00", severities = ["critical"] }', r"person an, quiet, severities: must not"),
        ("[[policy.step]]", "[[policy.stepp]]", r"line 48: policy nuoc, stepp: .*did you mean 'step'"),
        ("[[rota]]", "[[rotaa]]", "f.toml: is not valid TOML|rotaa"),
        ("[[person]]", "[[person", r"f.toml: is not valid TOML: .*line 2"),
        ("wait_min = 15", "wait_min = 0", r"line 50: policy nuoc, step 1, wait_min: is 0; give 1 to 1440"),
        ('to = "19:00"', "", r"rota truc-ban, layer 1, to: is missing; give both hours or none"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_key_and_line(old: str, new: str, message: str) -> None:
    assert old in FILE
    with pytest.raises(RuleError, match=message):
        parse(FILE.replace(old, new, 1), "f.toml")


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(RuleError, match="nothing is described"):
        parse(text, "f.toml")


def test_a_feed_is_what_calendars_read() -> None:
    # RFC 5545: CRLF after every line, at most 75 octets a line, text escaped, times in UTC
    at = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
    title = "Trực ban " + "quan trắc tự động " * 8
    duties = [
        Duties("truc-ban.an", title, (Shift(("an",), at, at + timedelta(days=7)),)),
        Duties("dem.an", "Trực đêm", (Shift(("an",), at, at + timedelta(hours=12)),)),
    ]
    feed = calendar(duties, "Trực ban; An, tuần\n1", stamp=at)
    lines = feed.split("\r\n")
    assert lines[-1] == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "\n" not in feed.replace("\r\n", "")
    unfolded = feed.replace("\r\n ", "")
    assert "X-WR-CALNAME:Trực ban\\; An\\, tuần\\n1\r\n" in unfolded
    assert f"SUMMARY:{title}\r\n" in unfolded
    assert "DTSTART:20261123T000000Z\r\nDTEND:20261130T000000Z\r\n" in unfolded
    assert lines[0] == "BEGIN:VCALENDAR"
    assert feed == calendar(duties, "Trực ban; An, tuần\n1", stamp=at)
    # Two rotas are one calendar: programs refuse a second one, or do not see it.
    assert (feed.count("BEGIN:VCALENDAR"), feed.count("BEGIN:VEVENT"), feed.count("UID:")) == (1, 2, 2)
    assert calendar([], "An", stamp=at).count("VCALENDAR") == 2


@pytest.mark.parametrize(("line", "parts"), [("a" * 75, 1), ("a" * 76, 2), ("ộ" * 25, 1), ("ộ" * 26, 2), ("", 1)])
def test_folding_counts_octets_and_cuts_no_character(line: str, parts: int) -> None:
    found = list(folded(line))
    assert len(found) == parts
    assert found[0] + "".join(part.removeprefix(" ") for part in found[1:]) == line


def test_the_week_counts_pages_of_water_only_for_precision() -> None:
    at = datetime(2026, 11, 18, tzinfo=UTC)
    told = Incident(1, Topic.WATER, at, at, state=IncidentState.CLOSED, paged_at=at, cause=IncidentCause.POLLUTION)
    incidents = [
        told,
        replace(told, cause=IncidentCause.PROCESS_UPSET),
        replace(told, cause=IncidentCause.SENSOR_FAULT),
        replace(told, cause=IncidentCause.DRILL),
        replace(told, cause=IncidentCause.COMMUNICATION, topic=Topic.SIGNAL),
        replace(told, cause=None, state=IncidentState.RESOLVED),
        replace(told, cause=None, state=IncidentState.OPEN, paged_at=None),
        replace(told, opened_at=at - timedelta(days=30)),
    ]
    span = (at - timedelta(days=2), at + timedelta(days=5))
    found = week(incidents, [timedelta(minutes=m) for m in (1, 3, 20)], *span)
    assert (found.incidents, found.paged, found.unclosed, found.open) == (7, 6, 1, 1)
    assert (found.right, found.wrong, found.precision) == (2, 1, 2 / 3)
    assert found.median_acknowledgement == timedelta(minutes=3)
    assert "xác nhận sau 3 phút (trung vị); báo đúng 67 % (2 đúng, 1 sai)." in summary_text(found)
    assert week([], [], *span).precision is None
    empty = summary_text(week([], [], *span))
    assert "chưa sự cố nào được xác nhận; chưa có nguyên nhân để tính tỷ lệ báo đúng." in empty

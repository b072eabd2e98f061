"""Limits, rules and stations by two people: whoever proposes does not approve, whatever they try."""

from __future__ import annotations

import json
import threading
import uuid
from html import unescape

import psycopg
import pytest

from quantrac.domain.accounts import Role

from .conftest import Browser, Site
from .town import Town

RULE = """
[[rule]]
code = "{code}"
title_vi = "Mất tín hiệu (thử)"
title_en = "No signal (test)"
effective_from = 2026-01-01
kind = "offline"

[[rule.step]]
name = "silent"
after_s = {after_s}
severity = "warning"
"""
SET = """
[[limit_set]]
code = "{code}"
title_vi = "Giới hạn thử"
title_en = "Limits for a test"
source = "Văn bản thử"
effective_from = 2026-01-01

[[limit_set.value]]
parameter = "COD"
unit = "mg/L"
maximum = {maximum}
"""


@pytest.fixture(scope="module")
def days() -> float:
    return 0.1


def _manager(site: Site, person: str | None = None) -> tuple[Browser, str]:
    login = site.new(Role.MANAGER, person=person)
    return site.logged_in(login), login


def _set(maximum: float = 42.5, code: str = "") -> str:
    return SET.format(code=code or f"SET-{uuid.uuid4().hex[:8]}", maximum=maximum)


def _proposed(browser: Browser, text: str, kind: str = "limits") -> str:
    answer = browser.post("/catalogue", {"kind": kind, "document": text, "note": "theo quyết định mới"})
    assert answer.status_code == 303, unescape(answer.text)[:4000]
    return str(answer.headers["location"])


def _code(text: str) -> str:
    return text.split('code = "', 1)[1].split('"', 1)[0]


def _kept(site: Site, text: str) -> list[tuple[object, ...]]:
    return site.sql("SELECT maximum FROM limit_values WHERE limit_set = %s", _code(text))


def test_one_proposes_another_sees_what_changes_and_approves(site: Site, town: Town) -> None:
    (first, one), (second, two), text = _manager(site), _manager(site), _set()
    path = _proposed(first, text)
    assert _kept(site, text) == []
    seen = second.get(path).text
    for words in (_code(text), "values[COD].maximum", "42.5", one, "theo quyết định mới"):
        assert words in seen
    answer = second.post(path, {"state": "approved"})
    assert answer.status_code == 200, unescape(answer.text)[:3000]
    assert _kept(site, text) == [(42.5,)]
    assert site.sql("SELECT state, proposed_by, decided_by FROM proposals WHERE id = %s", int(path.split("/")[-1])) == [
        ("approved", one, two)
    ]
    entries = [e for e in site.audit() if e["subject"] == f"proposal {path.split('/')[-1]}"]
    assert [(e["action"], e["account"]) for e in entries] == [("proposal made", one), ("proposal approved", two)]
    written = [e for e in site.audit() if str(e["subject"]).startswith(_code(text))]
    assert {e["account"] for e in written} == {two}


def test_nobody_approves_their_own_under_any_login(site: Site, town: Town) -> None:
    (first, _), text = _manager(site, person="an"), _set()
    path = _proposed(first, text)
    assert "chờ người thứ hai" in first.get(path).text
    assert first.post(path, {"state": "approved"}).status_code == 409
    again, _ = _manager(site, person="an")  # a second login of the same person
    assert "không tự duyệt" in again.post(path, {"state": "approved"}).text
    assert again.post(path, {"state": "refused"}).status_code == 409
    assert again.post(path, {"state": "withdrawn"}).status_code == 409
    assert _kept(site, text) == []
    assert first.post(path, {"state": "withdrawn"}).status_code == 200
    other, _ = _manager(site)
    assert "đã được quyết định" in other.post(path, {"state": "approved"}).text
    assert _kept(site, text) == []


def test_a_stale_proposal_is_refused(site: Site, town: Town) -> None:
    (first, _), (second, _), text, quicker = _manager(site), _manager(site), _set(), _set(7)
    path, other = _proposed(first, text), _proposed(first, quicker)
    assert second.post(other, {"state": "approved"}).status_code == 200
    assert "không duyệt được nữa" in second.get(path).text
    answer = second.post(path, {"state": "approved"})
    assert answer.status_code == 409
    assert "đã thay đổi" in answer.text
    assert (_kept(site, text), _kept(site, quicker)) == ([], [(7.0,)])


def test_of_two_approvals_at_once_one_counts(site: Site, town: Town) -> None:
    (first, _), text = _manager(site), _set()
    path = _proposed(first, text)
    judges = [_manager(site)[0] for _ in range(2)]
    for judge in judges:
        judge.get(path)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda j=j: answers.append(j.post(path, {"state": "approved"}).status_code))  # type: ignore[misc]
        for j in judges
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200, 409]
    assert len([e for e in site.audit() if e["subject"] == f"proposal {path.split('/')[-1]}"]) == 2


def test_a_stations_limits_follow_and_its_days_are_judged_anew(site: Site, town: Town) -> None:
    (first, _), (second, _) = _manager(site), _manager(site)
    [(station, limit_set)] = site.sql(
        "SELECT code, limit_set FROM current_stations WHERE limit_set IS NOT NULL AND kind = 'effluent' LIMIT 1"
    )
    columns = "(station, parameter, hour_start, usable_sum, usable_count, total_count, late_count)"
    row = "(%s, 'COD', date_trunc('hour', now()), 10, 1, 1, 0)"
    site.sql(f"INSERT INTO reading_hours {columns} VALUES {row}", station)
    site.sql("UPDATE reading_hours SET dirty = false, rejudged = false WHERE station = %s", station)
    document = SET.format(code=limit_set, maximum=33.25)
    assert second.post(_proposed(first, document), {"state": "approved"}).status_code == 200
    kept = site.sql("SELECT maximum FROM effective_limits WHERE station = %s AND parameter = 'COD'", station)
    assert any(isinstance(m, float) and 20 < m < 45 for (m,) in kept), kept
    assert site.sql("SELECT bool_or(rejudged) FROM reading_hours WHERE station = %s", station) == [(True,)]


def test_a_station_is_described_and_workers_are_told(site: Site, town: Town) -> None:
    (first, _), (second, _), code = _manager(site), _manager(site), f"DT_{uuid.uuid4().hex[:8].upper()}"
    text = f"""
[[station]]
code = "{code}"
effective_from = 2026-01-01
name_vi = "Trạm thử"
name_en = "Station of a test"
kind = "effluent"
operator = "Nhà máy thử"
longitude = 105.7
latitude = 10.4
contacts = ["nhamay@example.vn"]

[[station.sensor]]
parameter = "COD"
unit = "mg/L"
"""
    [(version,)] = site.sql("SELECT version FROM registry_state")
    path = _proposed(first, text, "stations")
    assert second.post(path, {"state": "approved"}).status_code == 200
    assert site.sql("SELECT version FROM registry_state") == [(int(str(version)) + 1,)]
    assert site.sql("SELECT name_vi, contacts, old_codes FROM stations WHERE code = %s", code) == [
        ("Trạm thử", ["nhamay@example.vn"], [])
    ]
    assert site.sql("SELECT parameter, cadence_s FROM sensors WHERE station = %s", code) == [("COD", 300.0)]
    # Another of its descriptions replaces the sensors.
    changed = text.replace('parameter = "COD"\nunit', 'parameter = "TSS"\nunit')
    assert second.post(_proposed(first, changed, "stations"), {"state": "approved"}).status_code == 200
    assert site.sql("SELECT parameter FROM sensors WHERE station = %s", code) == [("TSS",)]


def test_a_rule_is_changed_and_the_difference_is_one_line(site: Site, town: Town) -> None:
    (first, _), (second, _), code = _manager(site), _manager(site), f"r{uuid.uuid4().hex[:8]}"
    text = RULE.format(code=code, after_s=600)
    assert second.post(_proposed(first, text, "rules"), {"state": "approved"}).status_code == 200
    path = _proposed(first, text.replace("600", "900"), "rules")
    shown = second.get(path).text
    assert '<span class="count">1</span>' in shown
    for words in ("after_s", "<td>600</td>", "<b>900</b>"):
        assert words in shown
    assert second.post(path, {"state": "approved"}).status_code == 200
    [(document,)] = site.sql("SELECT document FROM alert_rules WHERE code = %s", code)
    assert document["step"][0]["after_s"] == 900  # type: ignore[index]


@pytest.mark.parametrize(("kind", "text", "said"), [
    ("limits", "not toml", "is not valid TOML"),
    ("limits", SET.format(code="A", maximum="-1"), "maximum"),
    ("limits", SET.format(code="A", maximum="1") * 2, "stands twice"),
    ("limits", SET.format(code="A", maximum="1").replace("COD", "cod"), "cod"),
    ("limits", RULE.format(code="x", after_s=600), "limit_set"),
    ("limits", "# nothing", "nothing is described"),
    ("rules", "[[rule]]\ncode = 'x'", "rule x, kind: is missing"),
    ("rules", SET.format(code="A", maximum="1"), "is not a known key"),
    ("stations", "[[station]]\ncode = 'x y'", "code"),
    ("stations", SET.format(code="A", maximum="1"), "is not a known key"),
    ("limits", "", "A TOML file"),
    ("king", SET.format(code="A", maximum="1"), "Hãy chọn loại"),
])  # fmt: skip
def test_a_mistake_is_named_and_nothing_is_kept(site: Site, town: Town, kind: str, text: str, said: str) -> None:
    browser, login = _manager(site)
    english = browser.get("/language/en?back=/") if said == "A TOML file" else None
    answer = browser.post("/catalogue", {"kind": kind, "document": text})
    assert answer.status_code == 400, english
    assert said in unescape(answer.text), unescape(answer.text)[:3000]
    assert site.sql("SELECT 1 FROM proposals WHERE proposed_by = %s", login) == []


def test_a_file_is_taken_and_one_that_is_no_text_is_not(site: Site, town: Town) -> None:
    browser, _ = _manager(site)
    text = _set()
    sent = browser.post("/catalogue", {"kind": "limits"}, files={"file": ("a.toml", "\ufeff".encode() + text.encode())})
    assert sent.status_code == 303
    assert browser.post("/catalogue", {"kind": "limits"}, files={"file": ("a.toml", b"\xff\xfe\0")}).status_code == 400
    (second, _) = _manager(site)
    second.post(str(sent.headers["location"]), {"state": "approved"})
    assert _kept(site, text) == [(42.5,)]
    assert "không thay đổi gì" in browser.post("/catalogue", {"kind": "limits", "document": text}).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.OFFICER])
def test_it_is_for_managers(site: Site, town: Town, role: Role) -> None:
    (first, _), text = _manager(site), _set()
    path = _proposed(first, text)
    browser = site.logged_in(site.new(role, ("DT_KCNSADEC_NUOSXL",) if role is Role.OPERATOR else ()))
    assert browser.get("/catalogue").status_code == 403
    assert browser.get(path).status_code == 403
    assert browser.post(path, {"state": "approved"}).status_code == 403
    assert browser.post("/catalogue", {"kind": "limits", "document": _set()}).status_code == 403
    assert _kept(site, text) == []


def test_the_database_itself_refuses_what_the_page_would_not_ask(site: Site, town: Town) -> None:
    """Whatever a mistake in the page: no approval without two accounts that may, and no other way to the catalogue."""
    (first, one), text = _manager(site), _set()
    number = int(_proposed(first, text).split("/")[-1])
    tables = json.dumps({"limit_sets": [], "rejudged": []})
    with psycopg.connect(site.database.web) as connection:
        for actor, answer in ((one, "same_person"), (site.new(), "not_allowed"), ("", "not_allowed")):
            connection.execute("SELECT set_config('quantrac.actor', %s, true)", (actor,))
            found = connection.execute("SELECT decide_proposal(%s, 'approved', %s::jsonb)", (number, tables)).fetchone()
            assert found == (answer,)
            connection.rollback()
        for statement in (
            "UPDATE proposals SET state = 'approved'", "INSERT INTO limit_sets DEFAULT VALUES", "DELETE FROM proposals",
            "SELECT propose('limits', 'x', '')", "UPDATE stations SET kq = 1", "INSERT INTO alert_rules DEFAULT VALUES",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
            connection.rollback()

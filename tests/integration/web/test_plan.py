"""Rotas, people and policies changed on the page: kept whole, refused with key and reason, nothing lost on a clash."""

from __future__ import annotations

import json
import re
import threading
import uuid
from html import unescape

import httpx
import pytest

from quantrac.domain.accounts import Role

from .conftest import Browser, Site
from .town import HTML, SLUG, Town

ROTA = {
    "title": "Trực đêm", "layer0_members": ["an", "binh"], "layer0_first_turn": "2026-11-02",
    "layer0_hand_over": "19:00", "layer0_turn_days": "7", "layer0_from": "19:00", "layer0_to": "07:00",
    "temporary0_title": "Tết", "temporary0_starts": "2027-02-05T07:00", "temporary0_ends": "2027-02-12T07:00",
    "temporary0_shift0_person": "binh", "temporary0_shift0_starts": "2027-02-05T07:00",
    "temporary0_shift0_ends": "2027-02-06T07:00",
}  # fmt: skip


@pytest.fixture(scope="module")
def days() -> float:
    return 0.1


def _code() -> str:
    return f"c{uuid.uuid4().hex[:8]}"


def _manager(site: Site) -> Browser:
    return site.logged_in(site.new(Role.MANAGER))


def _seen(browser: Browser, path: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]*)"', browser.get(path).text)
    assert found is not None
    return found[1]


def _document(site: Site, table: str, code: str) -> dict[str, object] | None:
    rows = site.sql(f"SELECT document FROM {table} WHERE code = %s AND active", code)
    return rows[0][0] if rows else None  # type: ignore[return-value]


def _post(browser: Browser, path: str, form: dict[str, object], seen: str = "") -> httpx.Response:
    return browser.post(path, {"seen": seen, **form})  # type: ignore[dict-item]


def test_a_rota_is_made_by_the_form_and_the_form_shows_it_again(site: Site, town: Town) -> None:
    browser, code = _manager(site), _code()
    answer = _post(browser, "/duty/plan/rota", {"code": code, **ROTA})
    assert answer.headers["location"] == f"/duty/plan/rota/{code}?saved=1"
    assert _document(site, "rotas", code) == {
        "code": code, "title": "Trực đêm",
        "layer": [{"members": ["an", "binh"], "first_turn": "2026-11-02", "hand_over": "19:00", "turn_days": 7,
                   "from": "19:00", "to": "07:00"}],
        "temporary": [{"title": "Tết", "starts": "2027-02-05T07:00:00+07:00", "ends": "2027-02-12T07:00:00+07:00",
                       "shift": [{"person": "binh", "starts": "2027-02-05T07:00:00+07:00",
                                  "ends": "2027-02-06T07:00:00+07:00"}]}],
    }  # fmt: skip
    shown = browser.get(answer.headers["location"]).text
    for value in ("Đã lưu", 'value="2026-11-02"', 'value="19:00"', 'value="Tết"', 'value="2027-02-05T07:00"',
                  "không ai trực"):  # fmt: skip  # the findings: nobody by day
        assert value in shown
    # Saved as it was shown, it stays as it is; a removed layer is gone.
    seen = _seen(browser, f"/duty/plan/rota/{code}")
    before = _document(site, "rotas", code)
    assert _post(browser, f"/duty/plan/rota/{code}", ROTA, seen).status_code == 303
    assert _document(site, "rotas", code) == before
    bare = {k: v for k, v in ROTA.items() if k not in {"layer0_members", "temporary0_title"}}
    assert _post(browser, f"/duty/plan/rota/{code}", bare, seen).status_code == 303
    assert _document(site, "rotas", code) == {"code": code, "title": "Trực đêm", "layer": [], "temporary": []}
    account = browser.get("/account").text
    entries = [e for e in site.audit() if e["subject"] == code]
    assert [e["action"] for e in entries][:1] == ["insert into rotas"]
    assert all(str(e["account"]) in account for e in entries)


def test_the_duty_follows_the_rota_at_once(site: Site, town: Town) -> None:
    browser, code = _manager(site), _code()
    form = {"code": code, "title": f"Lịch {code}", "layer0_members": ["binh"], "layer0_first_turn": "2026-11-02",
            "layer0_hand_over": "07:00", "layer0_turn_days": "7"}  # fmt: skip
    _post(browser, "/duty/plan/rota", form)
    assert re.search(rf"Lịch {code}</h2>\s*<p[^>]*>Đang trực: <b>Trần Thị Bình", browser.get("/duty").text)
    seen = _seen(browser, f"/duty/plan/rota/{code}")
    assert _post(browser, f"/duty/plan/rota/{code}/retire", {}, seen).status_code == 303
    assert f"Lịch {code}" not in browser.get("/duty").text


def test_somebody_else_was_quicker_and_nothing_is_lost(site: Site, town: Town) -> None:
    first, second, code = _manager(site), _manager(site), _code()
    _post(first, "/duty/plan/person", {"code": code, "name": "Lê Thị Cúc", "role": "officer"})
    path = f"/duty/plan/person/{code}"
    seen = _seen(first, path)
    assert _post(second, path, {"name": "Lê Thị Cúc", "role": "head"}, seen).status_code == 303
    clash = _post(first, path, {"name": "Lê Thị Cúc", "role": "officer", "phone": "0912 345 678"}, seen)
    assert clash.status_code == 409
    assert "người khác vừa thay đổi" in clash.text
    assert 'value="0912 345 678"' in clash.text  # what was entered is still there
    assert 'role = "head"' in unescape(clash.text)  # and what is kept is shown beside it
    assert _document(site, "people", code) == {"code": code, "name": "Lê Thị Cúc", "role": "head"}
    # After a look the author saves again.
    found = re.search(r'name="seen" value="([0-9a-f]+)"', clash.text)
    assert found is not None
    again = _post(first, path, {"name": "Lê Thị Cúc", "role": "head", "phone": "0912 345 678"}, found[1])
    assert again.status_code == 303
    # A code that is taken is not taken over.
    assert _post(first, "/duty/plan/person", {"code": code, "name": "X", "role": "officer"}).status_code == 409
    assert _post(first, f"{path}/retire", {}, seen).status_code == 409


def test_of_two_at_once_one_is_kept_and_the_other_told(site: Site, town: Town) -> None:
    first, second, code = _manager(site), _manager(site), _code()
    _post(first, "/duty/plan/person", {"code": code, "name": "Lê", "role": "officer"})
    path = f"/duty/plan/person/{code}"
    seen = _seen(first, path)
    _seen(second, path)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda b=b, n=n: answers.append(  # type: ignore[misc]
            _post(b, path, {"name": n, "role": "officer"}, seen).status_code))
        for b, n in ((first, "Một"), (second, "Hai"))
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [303, 409]


@pytest.mark.parametrize(("kind", "form", "said"), [
    ("rota", ROTA | {"layer0_hand_over": "7h"}, "layer 1, hand_over: is '7h'; give a time of day such as 07:00"),
    ("rota", ROTA | {"layer0_first_turn": ""}, "layer 1, first_turn: is ''; give a day such as 2026-11-02"),
    ("rota", ROTA | {"layer0_turn_days": "0"}, "turn_days: is 0; it must be greater than 0"),
    ("rota", ROTA | {"layer0_turn_days": "soon"}, "turn_days: is a text"),
    ("rota", ROTA | {"layer0_to": ""}, "layer 1, to: is missing; give both hours or none"),
    ("rota", ROTA | {"layer0_members": ["an", "an"]}, "members: holds 'an' twice"),
    ("rota", ROTA | {"title": ""}, "title: is empty"),
    ("rota", ROTA | {"title": "<b>"}, "< and > are not allowed"),
    ("rota", ROTA | {"temporary0_ends": "2027-02-01T07:00"}, "temporary Tết, ends: is not later than starts"),
    ("rota", ROTA | {"temporary0_shift0_ends": "2027-03-01T07:00"}, "lies outside the temporary schedule"),
    ("person", {"name": "A", "role": "king"}, "role: 'king' is not known"),
    ("person", {"name": "A", "role": "operator"}, "stations: must be given for an operator"),
    ("person", {"name": "A", "role": "officer", "phone": "<>"}, "phone"),
    ("person", {"name": "A", "role": "officer", "quiet_from": "22:00", "quiet_severities": "info"}, "quiet, to:"),
    ("person", {"name": "A", "role": "officer", "quiet_from": "22:00", "quiet_to": "06:00",
                "quiet_severities": "critical"}, "must not hold critical"),
    ("policy", {"severities": "high", "rounds": "1"}, "step: stands 0 times"),
    ("policy", {"rounds": "1", "step0_targets": "operator", "step0_wait_min": "10"}, "severities: is missing"),
    ("policy", {"severities": "high", "rounds": "99", "step0_targets": "operator", "step0_wait_min": "10"}, "rounds"),
    ("policy", {"severities": "high", "rounds": "1", "step0_targets": "boss", "step0_wait_min": "10"}, "'boss'"),
    ("policy", {"severities": "high", "rounds": "1", "step0_targets": "operator", "step0_wait_min": "0"}, "wait_min"),
])  # fmt: skip
def test_a_mistake_is_named_by_key_and_reason_and_what_was_entered_stays(
    site: Site, town: Town, kind: str, form: dict[str, object], said: str
) -> None:
    browser, code = _manager(site), _code()
    answer = _post(browser, f"/duty/plan/{kind}", {"code": code, **form})
    assert answer.status_code == 400
    assert said in unescape(answer.text), unescape(answer.text)[:3000]
    assert f'value="{code}"' in answer.text
    tables = {"rota": "rotas", "person": "people", "policy": "escalation_policies"}
    assert _document(site, tables[kind], code) is None


@pytest.mark.parametrize("code", ["", "Trực", "a b", "../x", "a" * 65, "x/y"])
def test_a_code_that_is_none_is_refused(site: Site, town: Town, code: str) -> None:
    answer = _post(_manager(site), "/duty/plan/person", {"code": code, "name": "A", "role": "officer"})
    assert answer.status_code == 400


def test_a_policy_is_made_changed_and_its_circle_found(site: Site, town: Town) -> None:
    browser, code, other = _manager(site), _code(), _code()
    form = {"severities": ["info"], "rounds": "2", "step0_targets": ["operator", "person:an"], "step0_wait_min": "7,5",
            "step1_targets": "rota:truc-ban", "step1_wait_min": "20"}  # fmt: skip
    assert _post(browser, "/duty/plan/policy", {"code": code, **form, "then": other}).status_code == 303
    assert _post(browser, "/duty/plan/policy", {"code": other, **form, "then": code}).status_code == 303
    document = _document(site, "escalation_policies", code)
    assert document is not None
    assert document["step"] == [
        {"targets": ["operator", "person:an"], "wait_min": 7.5}, {"targets": ["rota:truc-ban"], "wait_min": 20},
    ]  # fmt: skip
    assert "chính sách nối vòng tròn" in browser.get(f"/duty/plan/policy/{code}").text
    assert 'value="7.5"' in browser.get(f"/duty/plan/policy/{code}").text
    for each in (code, other):
        seen = _seen(browser, f"/duty/plan/policy/{each}")
        assert _post(browser, f"/duty/plan/policy/{each}/retire", {}, seen).status_code == 303


def test_who_is_retired_is_reached_no_more_even_when_taken_back(site: Site, town: Town) -> None:
    browser, code = _manager(site), _code()
    _post(browser, "/duty/plan/person", {"code": code, "name": "Lê", "role": "officer"})
    site.sql("INSERT INTO contact_channels (person, kind, address, position, delay_s, verified_at) "
             "VALUES (%s, 'email', 'le@so.vn', 0, 0, now())", code)  # fmt: skip
    path = f"/duty/plan/person/{code}"
    assert _post(browser, f"{path}/retire", {}, _seen(browser, path)).status_code == 303
    assert browser.get(path).status_code == 404
    assert _post(browser, "/duty/plan/person", {"code": code, "name": "Lê", "role": "officer"}).status_code == 303
    assert site.sql("SELECT 1 FROM contact_channels WHERE person = %s AND removed_at IS NULL", code) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.OFFICER])
def test_it_is_for_managers(site: Site, town: Town, role: Role) -> None:
    browser = site.logged_in(site.new(role, ("DT_KCNSADEC_NUOSXL",) if role is Role.OPERATOR else ()))
    assert "/duty/plan" not in browser.get("/duty").text
    for path in ("/duty/plan", "/duty/plan/rota", "/duty/plan/rota/truc-ban"):
        assert browser.get(path).status_code == 403, path
    assert _post(browser, "/duty/plan/rota/truc-ban", ROTA).status_code == 403
    assert _post(browser, "/duty/plan/rota/truc-ban/retire", {}).status_code == 403


def test_what_is_not_there_is_not_found(site: Site, town: Town) -> None:
    browser = _manager(site)
    assert browser.get("/duty/plan/king").status_code == 404
    assert browser.get("/duty/plan/rota/nowhere").status_code == 404
    assert _post(browser, "/duty/plan/rota/nowhere/retire", {}).status_code == 404
    # The address names which one is changed, whatever the form says.
    code = _code()
    assert _post(browser, f"/duty/plan/person/{code}", {"code": "an", "name": "X", "role": "head"}).status_code == 303
    assert json.dumps(_document(site, "people", "an"), ensure_ascii=False).count("Nguyễn Văn An") == 1


def test_what_comes_after_a_closing_names_it(site: Site, town: Town) -> None:
    browser, first = site.logged_in(site.new()), town.slug()
    assert browser.post(f"/incidents/{first}/close", {"cause": "drill", "text": HTML}).status_code == 303
    site.sql("UPDATE alerts SET resolved_at = now() WHERE resolved_at IS NULL AND station = %s", SLUG)
    second = town.slug()
    assert second != first
    page = browser.get(f"/incidents/{second}").text
    assert f'<a href="/incidents/{first}">số {first}, ' in page
    assert "nguyên nhân: Diễn tập, &lt;script&gt;" in page
    assert "Diễn tập" in browser.get(f"/incidents/{first}").text
    town.over(first)
    town.over(second)


def test_what_an_officer_wrote_is_not_lost_where_another_has_closed_it(site: Site, town: Town) -> None:
    number = town.slug()
    first, second = (site.logged_in(site.new()) for _ in range(2))
    assert first.post(f"/incidents/{number}/close", {"cause": "drill", "text": "diễn tập"}).status_code == 303
    answer = second.post(f"/incidents/{number}/close", {"cause": "sensor_fault", "text": "đầu dò <hỏng>"})
    assert answer.status_code == 409
    assert "readonly>đầu dò &lt;hỏng&gt;</textarea>" in answer.text
    assert "đầu dò" not in first.get(f"/incidents/{number}").text
    town.over(number)


def test_managers_see_how_many_pages_were_right(site: Site, town: Town) -> None:
    number = town.slug()
    site.sql("UPDATE incidents SET paged_at = now(), state = 'closed', closed_at = now(), cause = 'pollution', "
             "chain_due_at = NULL WHERE id = %s", number)  # fmt: skip
    page = _manager(site).get("/precision").text
    assert re.search(r"Ô nhiễm xác nhận [1-9]", page)
    assert "100 %" in page
    assert site.logged_in(site.new()).get("/precision").status_code == 403
    town.over(number)

"""Officers at the desk and at the command line, and who is on call, on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from typer.testing import CliRunner, Result

from alerts.incidents.desk import Desk
from alerts.incidents.lifecycle import Answer, Outcome
from alerts.incidents.links import LASTS, PATH, LinkAnswer, Signer
from alerts.incidents.step import IncidentStep, StepOptions
from alerts.oncall.document import of_rows, parse
from alerts.oncall.swaps import answer
from alerts.oncall.writing import documents
from commands.main import app
from quantrac.domain.alerts import TransitionKind
from quantrac.domain.incidents import IncidentCause, IncidentState
from quantrac.domain.oncall import Swap, SwapState
from sql.incident_store import IncidentStore
from sql.oncall_store import OnCallStore

from .conftest import PLAN, Centre

Run = Callable[..., Result]
SIGNER = Signer(b"k" * 32, "https://page.example.vn")


@pytest.fixture
def quantrac(centre: Centre, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("QUANTRAC_RUN_DIR", str(tmp_path))
    monkeypatch.setenv("QUANTRAC_DATABASE_DESK_URL", centre.database.desk)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


@pytest.fixture
def linked(centre: Centre) -> Iterator[tuple[Desk, str]]:
    """A desk, and the token of the link in an's page."""
    options = StepOptions(common=(), signer=SIGNER)
    centre.step = IncidentStep(centre.store, options, centre.clock)
    centre.happens(centre.transition("S1"))
    centre.step.once()
    texts = {str(text) for (text,) in centre.outbox("text")}
    assert len(texts) == 1  # mail and SMS of one person have one link
    store = IncidentStore(centre.database.desk)
    yield Desk(store, centre.clock), texts.pop().split(PATH)[1].split()[0]
    store.close()


def test_a_link_takes_its_incident_once_in_its_persons_name(centre: Centre, linked: tuple[Desk, str]) -> None:
    desk, token = linked
    for _ in range(9):  # a mail scanner opens it again and again
        assert desk.look_at_link(token, SIGNER).answer is LinkAnswer.VALID
    assert centre.sql("SELECT state, holder FROM incidents") == [("open", None)]
    taken = desk.acknowledge_by_link(token, SIGNER)
    assert (taken.answer, taken.person) == (LinkAnswer.VALID, "an")
    assert centre.sql("SELECT state, holder FROM incidents") == [("acknowledged", "an")]
    acts = "SELECT actor, what, detail FROM incident_events WHERE actor <> ''"
    assert centre.sql(acts) == [("an", "acknowledge", "link")]
    assert desk.acknowledge_by_link(token, SIGNER).answer is LinkAnswer.USED
    assert desk.acknowledge_by_link(token[:-1] + "7", SIGNER).answer is LinkAnswer.UNKNOWN
    assert centre.sql(acts) == [("an", "acknowledge", "link")]
    centre.later(60)
    assert centre.outbox("recipient", "withdrawn_at IS NOT NULL") == [("an@so.vn", True), ("sms-an", True)]
    assert token not in str(centre.sql("SELECT * FROM incident_links"))


def test_of_two_who_press_at_once_one_has_it_and_late_ones_hear_why(centre: Centre, linked: tuple[Desk, str]) -> None:
    _, token = linked
    barrier, answers = Barrier(4), []

    def press() -> None:
        store = IncidentStore(centre.database.desk)
        barrier.wait()
        answers.append(Desk(store, centre.clock).acknowledge_by_link(token, SIGNER).answer)
        store.close()

    threads = [Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [LinkAnswer.USED] * 3 + [LinkAnswer.VALID]


def test_a_link_of_an_incident_that_another_has_or_that_is_old_changes_nothing(
    centre: Centre, linked: tuple[Desk, str]
) -> None:
    desk, token = linked
    desk.assign(1, "an", "binh")
    assert desk.acknowledge_by_link(token, SIGNER).answer is LinkAnswer.HELD_BY_OTHER
    assert centre.sql("SELECT holder FROM incidents") == [("binh",)]
    centre.clock.advance(LASTS)
    assert desk.acknowledge_by_link(token, SIGNER).answer is LinkAnswer.EXPIRED
    assert centre.sql("SELECT used_at FROM incident_links") == [(None,)]


def _one_incident(centre: Centre) -> Desk:
    centre.happens(centre.transition("S1"))
    centre.step.once()
    return Desk(centre.store, centre.clock)


def test_of_two_who_take_it_at_once_one_has_it(centre: Centre) -> None:
    _one_incident(centre)
    barrier, answers = Barrier(2), []

    def take(name: str) -> None:
        store = IncidentStore(centre.database.notifier)
        barrier.wait()
        outcome = Desk(store, centre.clock).acknowledge(1, name)
        answers.append(outcome.answer if outcome else None)
        store.close()

    threads = [Thread(target=take, args=(name,)) for name in ("an", "binh")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["done", "held_by_other"]
    assert len(centre.sql("SELECT 1 FROM incident_events WHERE what = 'acknowledge'")) == 1


def test_a_life_with_its_history(centre: Centre) -> None:
    _one_incident(centre)
    desk = Desk(centre.store, centre.clock, "https://quan-trac.vn")
    acts: list[Outcome | None] = [
        desk.acknowledge(1, "an"),
        desk.comment(1, "an", "đã gọi nhà máy\0"),
        desk.assign(1, "an", "nobody"),
        desk.assign(1, "an", "binh"),
        desk.snooze(1, "binh", centre.clock.now() + timedelta(minutes=30)),
        desk.close(1, "binh", IncidentCause.OTHER),
        desk.close(1, "binh", IncidentCause.OTHER, "cá chết"),
        desk.acknowledge(1, "an"),
        desk.acknowledge(2, "an"),
    ]
    answers = [None if o is None else o.answer for o in acts]
    done = Answer.DONE
    assert answers == [done, done, Answer.UNKNOWN_PERSON, done, done, Answer.TEXT_NEEDED, done, Answer.NOT_ACTIVE, None]
    history = centre.sql("SELECT actor, what, reason, detail FROM incident_events WHERE actor <> '' ORDER BY id")
    assert [row[:2] for row in history] == [
        ("an", "acknowledge"), ("an", "comment"), ("an", "assign"), ("binh", "snooze"), ("binh", "close"),
    ]  # fmt: skip
    assert history[1][3] == "đã gọi nhà máy\ufffd"
    with centre.store.transaction() as tx:
        incident = tx.incident(1)
    assert incident is not None
    assert (incident.state, incident.cause, incident.cause_text) == (
        IncidentState.CLOSED, IncidentCause.OTHER, "cá chết",
    )  # fmt: skip
    # the pages that nobody delivered are withdrawn; who got the incident was told
    assert centre.outbox("recipient", "notice", "failed_at IS NULL") == [
        ("an@so.vn", "page", False), ("sms-an", "page", False), ("binh@so.vn", "update", True),
    ]  # fmt: skip
    [handed_on] = [text for notice, text in centre.outbox("notice", "text") if notice == "update"]
    assert "Trang sự cố: https://quan-trac.vn/incidents/1" in str(handed_on)
    assert "Người nhận: Trần Thị Bình" in str(handed_on)


def test_the_command_line(centre: Centre, quantrac: Run, tmp_path: Path) -> None:
    _one_incident(centre)
    listed = json.loads(quantrac("incidents", "list", "--json").output)
    assert [(i["id"], i["state"], i["stations"]) for i in listed] == [(1, "open", ["S1"])]
    assert "held by an" in quantrac("incidents", "acknowledge", "1", "--by", "an").output
    refused = quantrac("incidents", "acknowledge", "1", "--by", "binh")
    assert "held by an; nothing was changed: held_by_other" in str(refused.exception)
    assert quantrac("incidents", "snooze", "1", "30", "--by", "an").exit_code == 0
    told = quantrac("incidents", "show", "1").output
    assert "1 alert, 1 station, high" in told
    assert "until 20" in told
    assert "+00:00" not in told, "an instant of another zone than all others"
    photo = tmp_path / "anh.jpg"
    photo.write_bytes(b"abc")
    assert "is kept" in quantrac("incidents", "attach", "1", str(photo), "--by", "an").output
    photo.write_bytes(bytes(6_000_000))
    assert "6000000 bytes" in str(quantrac("incidents", "attach", "1", str(photo), "--by", "an").exception)
    assert "Station S1 is not known" in str(quantrac("incidents", "hold", "S1", "60", "--by", "an").exception)
    centre.sql(
        "INSERT INTO stations (code, effective_from, name_vi, name_en, kind, operator, longitude, latitude) "
        "VALUES ('S1', '2020-01-01', 'Trạm 1', 'Station 1', 'effluent', 'X', 105, 10)"
    )
    assert "Window 1" in quantrac("incidents", "hold", "S1", "60", "--weekly", "--by", "an").output
    assert "maintenance" in quantrac("incidents", "windows").output
    assert "is over" in quantrac("incidents", "release", "1").output
    assert "Outage 1" in quantrac("incidents", "outage", "line", "--park", "KCN").output
    assert "is over" in quantrac("incidents", "outage", "1").output
    assert "no outage 1" in str(quantrac("incidents", "outage", "1").exception)
    assert quantrac("incidents", "close", "1", "drill", "--by", "an").exit_code == 0
    shown = json.loads(quantrac("incidents", "show", "1", "--json").output)
    assert (shown["state"], shown["cause"]) == ("closed", "drill")
    assert [h["what"] for h in shown["history"] if h["actor"] == "an"] == ["acknowledge", "snooze", "attach", "close"]
    assert {
        datetime.fromisoformat(at).utcoffset() for at in (shown["since"], *(h["at"] for h in shown["history"]))
    } == {timedelta(hours=7)}
    assert "There is no incident 99" in str(quantrac("incidents", "show", "99").exception)


def test_what_comes_after_a_closing_is_another_incident_that_says_so(centre: Centre, quantrac: Run) -> None:
    cod = centre.transition("S1", page=False)
    centre.happens(cod)
    centre.step.once()
    assert quantrac("incidents", "close", "1", "calibration", "--text", "chuẩn COD", "--by", "an").exit_code == 0
    centre.sql("UPDATE incidents SET closed_at = closed_at - INTERVAL '3 days'")
    centre.later(5)
    assert centre.outbox() == []
    centre.happens(replace(cod, kind=TransitionKind.ESCALATED, page=True))
    centre.step.once()
    assert centre.sql("SELECT id, state, cause, closed_by, follows FROM incidents ORDER BY id") == [
        (1, "closed", "calibration", "an", None), (2, "open", None, None, 1),
    ]  # fmt: skip
    (mail,) = {str(text) for (text,) in centre.outbox("text")}
    assert "Sự cố trước đó: số 1, Nguyễn Văn An đã đóng lúc" in mail
    assert "nguyên nhân: Hiệu chuẩn, chuẩn COD" in mail
    assert "The incident before: no. 1, closed by Nguyễn Văn An at" in mail
    shown = json.loads(quantrac("incidents", "show", "2", "--json").output)["after"]
    assert (shown["id"], shown["closed_by"], shown["cause"], shown["cause_text"]) == (
        1, "an", "calibration", "chuẩn COD",
    )  # fmt: skip
    assert "Sự cố trước đó · The incident before: số 1, an đã đóng lúc" in quantrac("incidents", "show", "2").output
    # An alert of two incidents is one line wherever alerts are listed, with the newer of them.
    assert centre.sql("SELECT alert_id, incident_id FROM alert_handling") == [(1, 2)]
    centre.happens(replace(cod, kind=TransitionKind.RESOLVED))
    centre.later(1)
    assert centre.sql("SELECT state FROM incidents ORDER BY id") == [("closed",), ("resolved",)]
    assert quantrac("incidents", "reopen", "1", "--by", "an").exit_code == 0
    assert "số 1, đã được mở lại" in quantrac("incidents", "show", "2").output


def test_on_call_at_the_command_line(centre: Centre, quantrac: Run, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    assert "Nguyễn Văn An" in quantrac("oncall", "who").output
    exported = quantrac("oncall", "export").output
    assert parse(exported, "x") == parse(PLAN, "x")
    file.write_text(PLAN.replace('hand_over = "07:00"', 'hand_over = "7 h"'), "utf-8")
    broken = quantrac("oncall", "import", str(file))
    assert f"{file}, line 34: rota truc-ban, layer 1, hand_over: is '7 h'" in str(broken.exception)
    assert "Nguyễn Văn An" in quantrac("oncall", "who").output
    file.write_text(PLAN.replace("Nguyễn Văn An", "An Nguyễn").replace("person:chi-has-left", "person:chi"), "utf-8")
    assert quantrac("oncall", "import", str(file)).exit_code == 0
    assert "An Nguyễn" in quantrac("oncall", "who").output
    assert "All is well" in quantrac("oncall", "check").output
    assert "BEGIN:VCALENDAR" in quantrac("oncall", "ics", "an").output
    assert "no duty" in str(quantrac("oncall", "ics", "chi").exception)
    assert "Nobody has the code 'zoe'" in str(quantrac("oncall", "ics", "zoe").exception)
    added = ("2030-01-01T07:00", "2030-01-02T07:00", "--remove", "an", "--add", "chi", "--by", "an")
    assert quantrac("oncall", "override", "truc-ban", *added).exit_code == 0
    assert "Lê Chi" in quantrac("oncall", "who", "--at", "2030-01-01T12:00:00").output
    asked = quantrac("oncall", "swap", "truc-ban", "an", "binh", "2030-02-01T07:00", "2030-02-02T07:00")
    assert "Swap 1 waits for Trần Thị Bình" in asked.output
    assert "not_yours" in str(quantrac("oncall", "answer", "1", "accepted", "--by", "an").exception)
    assert quantrac("oncall", "answer", "1", "accepted", "--by", "binh").exit_code == 0
    assert "Trần Thị Bình" in quantrac("oncall", "who", "--at", "2030-02-01T12:00:00").output


def test_a_channel_counts_once_its_code_has_come_back(centre: Centre, quantrac: Run) -> None:
    centre.sql("UPDATE contact_channels SET verified_at = NULL")
    assert "no_channel" in quantrac("oncall", "check").output
    assert quantrac("oncall", "channels", "verify", "an", "an@so.vn").exit_code == 0
    ((recipient, text),) = centre.outbox("recipient", "text")
    code = str(text).split(": ")[1][:6]
    assert recipient == "an@so.vn"
    assert "none_sent" in str(quantrac("oncall", "channels", "verify", "an", "sms-an", "--code", code).exception)
    assert "wrong" in str(quantrac("oncall", "channels", "verify", "an", "an@so.vn", "--code", "abc").exception)
    assert "is verified" in quantrac("oncall", "channels", "verify", "an", "an@so.vn", "--code", code).output
    assert "none_sent" in str(quantrac("oncall", "channels", "verify", "an", "an@so.vn", "--code", code).exception)
    assert centre.sql("SELECT address FROM contact_channels WHERE verified_at IS NOT NULL") == [("an@so.vn",)]


def test_five_wrong_codes_lock_the_right_one_out(centre: Centre, quantrac: Run) -> None:
    quantrac("oncall", "channels", "verify", "an", "an@so.vn")
    code = str(centre.outbox("text")[0][0]).split(": ")[1][:6]
    for _ in range(5):
        quantrac("oncall", "channels", "verify", "an", "an@so.vn", "--code", "abc")
    assert "too_many_tries" in str(quantrac("oncall", "channels", "verify", "an", "an@so.vn", "--code", code).exception)


def test_an_import_keeps_what_is_verified_and_retires_what_is_gone(centre: Centre) -> None:
    store, now = OnCallStore(centre.database.desk), centre.clock.now()
    changed = PLAN.replace("binh@so.vn", "binh@moi.vn")
    people = changed[: changed.index('[[person]]\ncode = "chi"')] + changed[changed.index("[[rota]]") :]
    store.replace(documents(parse(people, "x")), now)
    found = of_rows(store.load(now))
    assert [p.code for p in found.people] == ["an", "binh"]
    verified = {c.address: c.is_verified for p in found.people for c in p.channels}
    assert verified == {"an@so.vn": True, "sms-an": True, "binh@moi.vn": False}
    store.replace(documents(parse(PLAN, "x")), now)
    again = {c.address: c.is_verified for p in of_rows(store.load(now)).people for c in p.channels}
    # an address that was taken away and comes back has to prove itself anew
    assert again == {"an@so.vn": True, "sms-an": True, "binh@so.vn": False, "chi@so.vn": False}


def test_of_two_answers_to_a_swap_the_second_sees_the_first(centre: Centre) -> None:
    store, now = OnCallStore(centre.database.desk), centre.clock.now()
    begins = now + timedelta(days=1)
    asked = Swap(0, "truc-ban", "an", "binh", begins, begins + timedelta(days=1))
    number = store.propose_swap(asked, now)
    assert store.propose_swap(asked, now) == number, "asked for twice, it waits once"
    barrier, seen = Barrier(2), []

    def give(by: str, state: SwapState) -> None:
        def decide(before: Swap) -> Swap:
            outcome = answer(before, by, state, now)
            seen.append(outcome.answer.value)
            return outcome.swap

        barrier.wait()
        OnCallStore(centre.database.desk).change_swap(number, decide, now)

    threads = [Thread(target=give, args=given) for given in (("binh", SwapState.ACCEPTED), ("an", SwapState.WITHDRAWN))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["answered", "done"]
    assert store.propose_swap(asked, now) > number, "once it is answered it may be asked for again"
    assert store.change_swap(99, lambda s: s, now) is None

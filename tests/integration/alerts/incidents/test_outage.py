"""The mail server is away for an hour and comes back: real outbox, real SMTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from alerts.notifier import NotifierLoop
from alerts.notifiers.email import EmailNotifier
from alerts.untold import Untold
from local.servers.mail import MailCatcher
from local.servers.mailcatcher import HANGS_UP
from quantrac.domain.alerts import Transition, TransitionKind
from sql.outbox_store import OutboxStore

from .conftest import MINUTE, Centre

MakeLoop = Callable[[], NotifierLoop]


@pytest.fixture
def make_loop(empty_centre: Centre, mail: MailCatcher) -> Iterator[MakeLoop]:
    stores: list[OutboxStore] = []
    senders: list[EmailNotifier] = []

    def make() -> NotifierLoop:
        stores.append(OutboxStore(empty_centre.database.notifier))
        senders.append(EmailNotifier(mail.endpoint()))
        clock, reach = empty_centre.clock, senders[-1].reach
        return NotifierLoop(stores[-1], [senders[-1]], clock, reach=reach, untold=Untold("https://quan-trac.vn/"))

    yield make
    for sender in senders:
        sender.close()
    for store in stores:
        store.close()


def _over(centre: Centre, *opened: Transition) -> None:
    centre.happens(*(replace(t, kind=TransitionKind.RESOLVED, observed_at=centre.clock.now()) for t in opened))
    centre.later(31)


def _deliver(loop: NotifierLoop) -> None:
    while loop.deliver_due():
        pass


def _subjects(mail: MailCatcher) -> list[str]:
    return [caught.subject for caught in mail.mails()]


def test_what_was_over_before_it_could_be_told_is_one_mail_behind_what_is_open(
    empty_centre: Centre, mail: MailCatcher, make_loop: MakeLoop
) -> None:
    """
    mail server  there ....| away ........................................ | there
    S0           opens     | ends                                          | its end (its page was read)
    S1, S2                 | open, end                                     | one digest, the last
    S3                     |                opens                          | its page, at once
    """
    centre, loop = empty_centre, make_loop()

    known = centre.transition("S0")
    centre.happens(known)
    centre.later(0)
    _deliver(loop)
    assert [s.partition(",")[0] for s in _subjects(mail)] == ["[CAO] COD 120 > 90"]
    mail.stop()
    first, second = centre.transition("S1"), centre.transition("S2")
    centre.happens(first, second)
    centre.later(1)
    _deliver(loop)
    _over(centre, known, first, second)
    centre.happens(centre.transition("S3"))
    centre.later(1)
    _deliver(loop)
    mail.start()
    mail.forget()
    centre.clock.advance(16 * MINUTE)
    _deliver(loop)
    subjects = _subjects(mail)
    assert [s.rpartition(", ")[2] for s in subjects[:-1]] == ["S0", "S3"]
    assert subjects[0].startswith("[KẾT THÚC]")
    assert subjects[-1] == "[TỔNG HỢP] 2 sự cố đã kết thúc khi chưa gửi được thư"
    text = mail.mails()[-1].message().get_body(("plain",))
    assert text is not None
    lines = text.get_content().replace("\r", "").splitlines()
    assert [line.partition(";")[0] for line in lines if line.startswith("Sự cố ")] == [
        "Sự cố 2: COD 120 > 90, S1",
        "Sự cố 3: COD 120 > 90, S2",
    ]
    assert sum("https://quan-trac.vn/incidents/2" in line for line in lines) == 2  # in both languages
    assert any(line.startswith("Incident 3: COD 120 > 90, S2; from ") for line in lines)
    assert centre.sql("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]
    told = "SELECT incident_id, notice FROM outbox WHERE starts_with(receipt, 'in message ') ORDER BY id"
    assert centre.sql(told) == [(2, "page"), (3, "page"), (2, "end"), (3, "end")]
    loop = make_loop()  # a notifier that starts anew tells nothing again
    centre.clock.advance(60 * MINUTE)
    _deliver(loop)
    assert _subjects(mail) == subjects


def test_one_incident_alone_is_told_by_its_page_and_its_end(
    empty_centre: Centre, mail: MailCatcher, make_loop: MakeLoop
) -> None:
    centre, loop = empty_centre, make_loop()
    mail.stop()
    opened = centre.transition("S1")
    centre.happens(opened)
    centre.later(1)
    assert loop.deliver_due() == 1
    _over(centre, opened)
    mail.start()
    mail.forget()
    centre.clock.advance(16 * MINUTE)
    while loop.deliver_due():
        pass
    assert [s.partition("]")[0] for s in _subjects(mail)] == ["[CAO", "[KẾT THÚC"]


def test_a_digest_that_is_given_up_takes_along_what_it_stood_for(
    empty_centre: Centre, mail: MailCatcher, make_loop: MakeLoop
) -> None:
    centre, loop = empty_centre, make_loop()
    mail.stop()
    opened = [centre.transition("S1"), centre.transition("S2")]
    centre.happens(*opened)
    centre.later(1)
    while loop.deliver_due():
        pass
    _over(centre, *opened)
    mail.start()
    mail.refuse("550 5.1.1 no such user")
    centre.clock.advance(16 * MINUTE)
    while loop.deliver_due():
        pass
    assert centre.sql("SELECT count(*), count(failed_at), count(sent_at) FROM outbox") == [(5, 5, 0)]


@pytest.mark.parametrize("reply", ["451 4.3.2 system not accepting network messages", HANGS_UP])
@pytest.mark.parametrize("restarts", [False, True], ids=["one notifier", "restarted each time"])
@pytest.mark.parametrize("told_before", [True, False], ids=["told before", "starts anew"])
def test_a_server_that_takes_nothing_for_hours_leads_to_one_digest_and_not_to_several(
    empty_centre: Centre, mail: MailCatcher, make_loop: MakeLoop, reply: str, *, told_before: bool, restarts: bool
) -> None:
    """It answers each mail with 451, or hangs up: six incidents begin and end meanwhile, one is open at last."""
    centre, loop = empty_centre, make_loop()

    if told_before:
        centre.happens(centre.transition("S0"))
        centre.later(0)
        _deliver(loop)
        assert len(_subjects(mail)) == 1
    mail.refuse(reply)
    for n in range(1, 7):
        opened = centre.transition(f"S{n}")
        centre.happens(opened)
        centre.later(1)
        _deliver(loop)
        _over(centre, opened)
        _deliver(loop)
        loop = make_loop() if restarts else loop
    centre.happens(centre.transition("S7"))
    centre.later(1)
    _deliver(loop)
    mail.accept()
    mail.forget()
    centre.clock.advance(16 * MINUTE)
    _deliver(loop)
    subjects = _subjects(mail)
    digests = [s for s in subjects if s.startswith("[TỔNG HỢP]")]
    assert len(digests) == 1, subjects
    assert len(subjects) <= 4, subjects  # S7's page, the digest, and the one that showed that the server is back
    assert any(s.endswith("S7") for s in subjects)
    assert centre.sql("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]


def test_a_server_that_hangs_up_and_then_is_gone_for_an_hour_leads_to_one_digest(
    empty_centre: Centre, mail: MailCatcher, make_loop: MakeLoop
) -> None:
    """As one that is killed in the middle of a mail: the first that it takes shows that it is back."""
    centre, loop = empty_centre, make_loop()
    mail.refuse(HANGS_UP)
    for n in range(1, 7):
        opened = centre.transition(f"S{n}")
        centre.happens(opened)
        centre.later(1)
        _deliver(loop)
        mail.stop()
        _over(centre, opened)
        _deliver(loop)
    mail.accept()
    mail.start()
    mail.forget()
    centre.clock.advance(16 * MINUTE)
    _deliver(loop)
    subjects = _subjects(mail)
    assert [s.partition("]")[0] for s in subjects if s.startswith("[TỔNG HỢP")] == ["[TỔNG HỢP"]
    assert len(subjects) <= 3, subjects
    assert centre.sql("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == [(0,)]

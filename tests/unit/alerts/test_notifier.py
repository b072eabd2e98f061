"""The notifier's loop: retries that survive a restart, giving up, stopping; with a store and a receiver in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.notifier import NotifierLoop, NotifierOptions, run_together
from quantrac.clock import ManualClock
from quantrac.domain.notifications import Channel, Notification, PendingNotification
from quantrac.errors import NotifyError, StoreError

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class MemoryOutbox:
    """The contract of the outbox, in memory."""

    def __init__(self, count: int = 1, channel: Channel = Channel.EMAIL) -> None:
        self.rows = {
            i: PendingNotification(i, Notification(f"<{i}>", channel, f"{i}@x.vn", "s", "t"), 0, START)
            for i in range(1, count + 1)
        }
        self.due = dict.fromkeys(self.rows, START)
        self.sent: dict[int, datetime] = {}
        self.given_up: dict[int, str] = {}
        self.errors: list[str] = []
        self.fail_next_take = 0
        self.closed = False

    def take(self, limit: int, now: datetime, lease_s: float) -> list[PendingNotification]:
        if self.fail_next_take:
            self.fail_next_take -= 1
            raise StoreError("away", retryable=True)
        found = [i for i, due in self.due.items() if due <= now][:limit]
        for i in found:
            self.due[i] = now + timedelta(seconds=lease_s)
        return [self.rows[i] for i in found]

    def delivered(self, notification_id: int, now: datetime, receipt: str) -> None:
        self.sent[notification_id] = now
        del self.due[notification_id]

    def refused_since(self, channel: Channel) -> None:
        """Nothing is known of before."""

    def refused_no_more(self, channel: Channel) -> None:
        """Nothing is kept."""

    def failed(
        self, notification_id: int, now: datetime, error: str, next_try_at: datetime | None, *, refused: bool = False
    ) -> None:
        row = self.rows[notification_id]
        self.rows[notification_id] = replace(row, attempts=row.attempts + 1)
        self.errors.append(error)
        if next_try_at is None:
            self.given_up[notification_id] = error
            del self.due[notification_id]
        else:
            self.due[notification_id] = next_try_at

    def retry_now(self, channel: Channel, now: datetime) -> None:
        for i in self.due:
            if self.rows[i].attempts and self.rows[i].notification.channel is channel:
                self.due[i] = min(self.due[i], now)

    def gather(self, in_hand: int, now: datetime, decide: object) -> frozenset[int]:
        return frozenset()

    def wait(self, timeout_s: float) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


class Receiver:
    channel = Channel.EMAIL

    def __init__(self, *answers: NotifyError | None) -> None:
        self.answers, self.got = list(answers), list[str]()

    def send(self, notification: Notification) -> str:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.got.append(notification.message_id)
        return "250 kept"

    def close(self) -> None:
        pass


BUSY = NotifyError("busy", retryable=True)


def drain(outbox: MemoryOutbox, receiver: Receiver, clock: ManualClock, for_s: float) -> None:
    """Let time pass second by second; each second is a new notifier, as after a restart."""
    for _ in range(int(for_s)):
        while NotifierLoop(outbox, [receiver], clock).deliver_due():
            pass
        clock.advance(timedelta(seconds=1))


def test_retries_back_off_and_survive_restarts() -> None:
    # failed at 0, 5 (5 s later), 15 (10 s), 35 (20 s): delivered
    outbox, receiver, clock = MemoryOutbox(), Receiver(BUSY, BUSY, BUSY), ManualClock(START)
    drain(outbox, receiver, clock, 60)
    assert outbox.sent == {1: START + timedelta(seconds=35)}
    assert receiver.got == ["<1>"]


def test_when_the_mail_server_is_back_no_mail_waits_for_its_own_next_try() -> None:
    # 1: fails at 0, 5, 15    2: fails at 0, 5, 15    3: new, delivered at 16; then 1 and 2, which were due at 35
    away = NotifyError("nobody there", retryable=True, server_away=True)
    outbox, receiver, clock = MemoryOutbox(3), Receiver(*[away] * 6), ManualClock(START)
    outbox.due[3] = START + timedelta(seconds=16)
    drain(outbox, receiver, clock, 20)
    assert receiver.got == ["<3>", "<1>", "<2>"]
    assert set(outbox.sent.values()) == {START + timedelta(seconds=16)}


def test_a_full_mailbox_is_tried_no_more_often_for_the_mails_that_others_get() -> None:
    # 1: fails at 0, 5, 10 (with the first mail taken, as after an outage), 30, 70    2 .. 11: one each ten seconds
    class FullMailbox(Receiver):
        def send(self, notification: Notification) -> str:
            if notification.message_id == "<1>":
                raise BUSY
            return super().send(notification)

    outbox, receiver, clock = MemoryOutbox(11), FullMailbox(), ManualClock(START)
    outbox.due |= {i: START + timedelta(seconds=10 * (i - 1)) for i in range(2, 12)}
    loop = NotifierLoop(outbox, [receiver], clock)
    for _ in range(110):
        while loop.deliver_due():
            pass
        clock.advance(timedelta(seconds=1))
    assert (len(receiver.got), len(outbox.errors)) == (10, 5)


def test_what_another_channel_s_receiver_has_put_off_is_not_tried_before() -> None:
    outbox, clock = MemoryOutbox(2, Channel.WEBHOOK), ManualClock(START)
    receiver = Receiver(NotifyError("429", retryable=True, again_after=timedelta(seconds=60)))
    receiver.channel = Channel.WEBHOOK
    drain(outbox, receiver, clock, 59)
    assert receiver.got == ["<2>"]


def test_a_refusal_for_good_is_given_up_and_says_why() -> None:
    outbox, receiver = MemoryOutbox(2), Receiver(NotifyError("550 no such user", retryable=False))
    drain(outbox, receiver, ManualClock(START), 5)
    assert outbox.given_up == {1: "550 no such user"}
    assert receiver.got == ["<2>"]


def test_retries_end_after_a_day() -> None:
    outbox, clock = MemoryOutbox(), ManualClock(START + timedelta(hours=23, minutes=59, seconds=58))
    drain(outbox, Receiver(BUSY, BUSY), clock, 3)
    assert list(outbox.given_up) == [1]


def test_a_channel_without_a_notifier_is_given_up() -> None:
    outbox = MemoryOutbox(channel=Channel.WEBHOOK)
    drain(outbox, Receiver(), ManualClock(START), 2)
    assert "QUANTRAC_WEBHOOKS_FILE" in outbox.given_up[1]


def test_what_the_receiver_asks_to_wait_is_kept() -> None:
    outbox = MemoryOutbox()
    busy = NotifyError("busy", retryable=True, again_after=timedelta(minutes=7))
    loop = NotifierLoop(outbox, [Receiver(busy, busy)], clock := ManualClock(START))
    loop.deliver_due()
    assert outbox.due == {1: START + timedelta(minutes=7)}
    # asked to come at once: our own pause prevails
    loop = NotifierLoop(outbox, [Receiver(NotifyError("busy", retryable=True, again_after=timedelta(0)))], clock)
    clock.advance(timedelta(minutes=7))
    loop.deliver_due()
    assert outbox.due == {1: START + timedelta(minutes=7, seconds=10)}


def test_loops_side_by_side_end_together_and_the_error_comes_out() -> None:
    ended = []

    def waits(stop: threading.Event) -> None:
        ended.append(stop.wait(30))

    def fails(_: threading.Event) -> None:
        raise StoreError("not migrated", retryable=False)

    for loops in ([waits, fails], [fails, waits]):
        with pytest.raises(StoreError):
            run_together(loops, threading.Event())
    assert ended == [True, True]


def test_stopping_finishes_the_one_in_hand_and_takes_no_other() -> None:
    outbox, stop = MemoryOutbox(3), threading.Event()

    class Stopping(Receiver):
        def send(self, notification: Notification) -> str:
            stop.set()
            return super().send(notification)

    receiver = Stopping()
    NotifierLoop(outbox, [receiver], ManualClock(START)).run(stop)
    assert receiver.got == ["<1>"]
    assert list(outbox.sent) == [1]
    assert list(outbox.due.values()) == [START, START]
    assert outbox.closed


def test_a_database_that_is_away_is_waited_for() -> None:
    outbox, stop = MemoryOutbox(), threading.Event()
    outbox.fail_next_take = 2

    class Stopping(Receiver):
        def send(self, notification: Notification) -> str:
            stop.set()
            return super().send(notification)

    receiver = Stopping()
    NotifierLoop(outbox, [receiver], ManualClock(START), NotifierOptions(store_pause_s=0.0)).run(stop)
    assert receiver.got == ["<1>"]


def test_an_error_of_the_store_that_lasts_ends_the_process() -> None:
    class Broken(MemoryOutbox):
        def take(self, limit: int, now: datetime, lease_s: float) -> list[PendingNotification]:
            raise StoreError("not migrated", retryable=False)

    with pytest.raises(StoreError):
        NotifierLoop(Broken(), [Receiver()], ManualClock(START)).run(threading.Event())


def test_a_stop_between_taking_and_delivering_leaves_no_lease_behind() -> None:
    outbox, stop = MemoryOutbox(2), threading.Event()
    outbox.take = lambda *args, take=outbox.take: (stop.set(), take(*args))[1]  # type: ignore[method-assign,misc]
    receiver = Receiver()
    NotifierLoop(outbox, [receiver], ManualClock(START)).run(stop)
    assert receiver.got == ["<1>"]
    assert (list(outbox.sent), outbox.due) == ([1], {2: START})


def test_a_delivery_that_cannot_be_noted_yet_is_not_sent_again() -> None:
    # send 250, the database goes, two tries to note it fail, the database is back: noted, sent once
    class Flickering(MemoryOutbox):
        away = 2

        def delivered(self, notification_id: int, now: datetime, receipt: str) -> None:
            if self.away:
                self.away -= 1
                raise StoreError("away", retryable=True)
            super().delivered(notification_id, now, receipt)

    outbox, receiver = Flickering(), Receiver()
    loop = NotifierLoop(outbox, [receiver], ManualClock(START), NotifierOptions(store_pause_s=0.0))
    assert loop.deliver_due() == 1
    assert (receiver.got, outbox.sent) == (["<1>"], {1: START})


@pytest.mark.parametrize("retryable", [True, False])
def test_8_no_address_is_stored_with_a_failure_nor_logged(
    retryable: bool, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    # servers quote the recipient's address, and other people's
    said = "550 5.1.1 <1@X.vn>: user unknown, ask postmaster@x.vn or nguyễn.an@tỉnh.vn"
    outbox = MemoryOutbox()
    NotifierLoop(outbox, [Receiver(NotifyError(said, retryable=retryable))], ManualClock(START)).deliver_due()
    assert outbox.errors == ["550 5.1.1 <***>: user unknown, ask *** or ***"]
    out = capsys.readouterr()
    assert "@" not in f"{out.out}{out.err}{caplog.text}"

"""Whatever is stopped or killed under load: stored = published, each reading once, each alert mailed once.

The timelines count seconds from the first message of the fleet. ``S`` is the beginning of the pollution slug (its alert
is due about half a second later), ``x`` a SIGKILL, ``t`` an orderly stop, ``^`` the return.
"""

from __future__ import annotations

import time

import psutil
import pytest

from local.accounts import Account
from local.stage import Stage
from simulators.labels import read_labels
from streams.worker import STOP_S

from .run import Run, repeated, under_load

KAFKA_CLIENTS = ('"logger": "kafka', '"logger": "aiokafka')
"""Kafka's client libraries call each failed connection an error, those of an earlier scenario's outage too; where it
matters our own words follow."""
STOP_OR_KILL = pytest.mark.parametrize("how", ["stop", "kill"])


def assert_nothing_is_lost(run: Run, account: Account) -> None:
    """Check the accounts of a finished run against the fleet's own report and against the mail catcher."""
    published = run.published()
    rows, distinct = run.rows()
    unique = published["published_readings"] - published["duplicates_injected"]
    assert account.residual == 0, run.told()
    assert run.reports.sequence_gaps() == [], run.told()
    assert rows == distinct == unique == account.ledger.stored, (
        f"{rows} rows, {distinct} distinct; {unique} different readings published. {run.told()}"
    )
    assert account.ledger.duplicate == published["duplicates_injected"], run.told()
    assert (account.ledger.dead_letter, account.ledger.revision) == (0, 0), run.told()
    assert_each_alert_is_mailed_once(run, account)
    complaints = run.complaints(KAFKA_CLIENTS)
    assert not complaints, "\n".join(complaints)


def assert_each_alert_is_mailed_once(run: Run, account: Account) -> None:
    mails, deliveries = run.mails(), run.deliveries()
    twice = set(repeated(mails))
    assert twice <= run.killed_in_hand, f"E-mails that went out twice: {twice - run.killed_in_hand}. {run.told()}"
    transition_of = {line.message_id: line.transition_id for line in deliveries}
    told = [
        (transition_of.get(id_), recipients) for id_, recipients in {m.message_id: m.recipients for m in mails}.items()
    ]
    assert len(told) == len(set(told)), f"One transition, several e-mails: {sorted(map(str, told))}. {run.told()}"
    assert {mail.message_id for mail in mails} == set(transition_of), f"Mailed and noted differ. {run.told()}"
    slugs = [e for e in read_labels(run.labels) if e.kind == "pollution_slug"]
    beyond = [a for a in account.alerts if a.kind == "limit"]
    caused = [a.id for a in beyond if any(s.caused(a.station, a.parameter, a.since) for s in slugs)]
    assert account.mails_about(caused), f"No e-mail about the slug. {run.told()}"


@STOP_OR_KILL
def test_bridge(stage: Stage, how: str) -> None:
    """The bridge goes, and what waits in the broker's session comes after.

    seconds   0 . . 3 . 5 . 7 . . . . . .
    fleet     ======S=======================
    bridge    ========= x^= x^==============
    """
    with under_load(stage, "effluent#1" if how == "stop" else "effluent#2") as run:
        stage.let(4)
        for _ in range(2):
            gone = stage.clock.now()
            getattr(stage.pipeline.bridge, how)()
            stage.pipeline.bridge.launch()
            run.heard_again(f"bridge {how}", gone)
        assert_nothing_is_lost(run, run.finish())
        assert run.restarts == 0, run.told()


@STOP_OR_KILL
def test_workers_rolling(stage: Stage, how: str) -> None:
    """Two workers are restarted one after the other, and again.

    A worker that is killed is missed after the session timeout of 10 s; one that is stopped says farewell.

    seconds   0 . . 3 . . . . . . . . . . . . . . . 25
    fleet     ======S=================================
    worker 1  ====== x^===============================
    worker 2  =================== x^==================
    """
    with under_load(stage, "effluent#3" if how == "stop" else "effluent#4") as run:
        stage.let(3)
        for worker in stage.pipeline.workers:
            getattr(worker, how)()
            gone = stage.clock.now()
            worker.launch()
            run.heard_again(f"worker {how}", gone)
            stage.ready(worker)
        assert_nothing_is_lost(run, run.finish())
        assert run.restarts == 0, run.told()


@STOP_OR_KILL
def test_notifier(stage: Stage, how: str) -> None:
    """The notifier goes while the mail server refuses, and while it accepts again; each message goes out once.

    seconds   0 . . 3 . 5 . 7 . . . . . .
    fleet     ======S=======================
    mail      ==451 451 451 451=============
    notifier  ======== x^=== x^ ==== x^=====
    """
    stage.servers.mail.refuse("451 4.3.0 try later")
    try:
        with under_load(stage, "effluent#5" if how == "stop" else "effluent#6") as run:
            stage.until(
                lambda: any(line.attempts for line in run.deliveries()), 30, lambda: f"Nothing was tried. {run.told()}"
            )
            restart_notifier(run, how)
            assert run.mails() == []
            stage.servers.mail.accept()
            restart_notifier(run, how)
            stage.until(lambda: bool(run.mails()), 60, lambda: f"Nothing is mailed. {run.told()}")
            restart_notifier(run, how)
            assert_nothing_is_lost(run, run.finish())
            assert run.restarts == 0, run.told()
    finally:
        stage.servers.mail.accept()


def restart_notifier(run: Run, how: str) -> None:
    """Restart it; a kill waits for a moment in which no delivery is in hand, which would hold that mail back 2 min.

    One that was taken between the look and an earlier kill is not waited for: it keeps its lease until that runs out.
    """
    stage = run.stage
    if how == "kill":
        stage.until(lambda: run.leased() <= run.killed_in_hand, 60, lambda: f"A delivery does not end. {run.told()}")
        stage.pipeline.notifier.kill()
        run.killed_in_hand |= run.leased()
    else:
        stage.pipeline.notifier.stop()
    stage.pipeline.notifier.launch()
    stage.ready(stage.pipeline.notifier)


SLUG_AT = {
    ("kafka", "stop"): "effluent#7",
    ("kafka", "kill"): "effluent#8",
    ("mosquitto", "stop"): "effluent#9",
    ("mosquitto", "kill"): "effluent#10",
    ("postgres", "stop"): "effluent#11",
    ("postgres", "kill"): "effluent#12",
}


@pytest.mark.parametrize(("name", "how"), SLUG_AT)
def test_server(stage: Stage, name: str, how: str) -> None:
    """A server goes just when the slug begins, is away for five seconds, and comes back.

    seconds   0 . . 3 . . . . 8 . . . . .
    fleet     ======S=======================
    server    ====== x         ^============
    """
    server = next(each for each in stage.servers.all if each.name == name)
    with under_load(stage, SLUG_AT[name, how]) as run:
        stage.let(3)
        run.leave_kafka()
        getattr(server, how)()
        stage.let(5)
        server.start()
        back = stage.clock.now()
        run.heard_again(f"{name} {how}", back)
        assert_nothing_is_lost(run, run.finish())
        assert run.restarts == 0, run.told()


def test_power_cut(stage: Stage) -> None:
    """Everything but the loggers loses power when the slug begins, and comes back.

    seconds    0 . . 3 . . . . . . . . 15 . . . . 25
    fleet      ======S===================================
    processes  ======x           ^=======================
    servers    ======x   ^===============================
    """
    with under_load(stage, "effluent#1", ["NH4"]) as run:
        stage.let(3)
        run.leave_kafka()
        stage.until(lambda: not run.leased(), 60, lambda: f"A delivery does not end. {run.told()}")
        for each in (*reversed(stage.parts), *stage.servers.all):
            each.kill()
        stage.servers.start()
        run.killed_in_hand |= run.leased()
        for each in stage.parts:
            each.launch()
        run.heard_again("power cut", stage.clock.now())
        assert_nothing_is_lost(run, run.finish())
        assert run.restarts == 0, run.told()


def test_a_worker_that_is_told_to_stop_while_its_servers_are_away_ends(stage: Stage) -> None:
    """What it holds was not acknowledged: the next one reads it again.

    seconds            0 . . 3 . . . . . . . . . . 23
    kafka, database    x                           ^=
    worker 1           ===== t . . . (20 at most)  ^=
    """
    worker = stage.pipeline.workers[0]
    away = [each for each in stage.servers.all if each.name in {"kafka", "postgres"}]
    assert worker.pid is not None
    process = psutil.Process(worker.pid)
    for server in away:
        server.kill()
    try:
        time.sleep(3)
        process.terminate()
        process.wait(STOP_S + 5)
    finally:
        for server in away:
            server.start()
        worker.launch()
        stage.ready(worker)

"""A fleet that feeds the whole path while parts of it are stopped and killed, and what must be true of its readings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from local.accounts import Account
from local.servers.mail import CaughtMail
from local.stage import Stage
from quantrac.errors import BrokerError, StoreError
from sql.reports import DeliveryLine, Reports

RATE = 100
"""Messages per second of 16 stations: twenty times the province's load; a message holds 7 to 10 readings."""
REST_S = 120.0
"""How long readings may take to arrive once everything runs again: on an idle machine they take a tenth of it."""
MAIL_S = 150.0
"""How long mail may take: a notifier that is killed in mid-delivery leaves its lease of two minutes behind."""

EVENTS = """
title = "A slug, an outage of one station's network, and observations sent twice"
seed = 7

[signals]
sample_hold_s = 0.2

[[event]]
kind = "pollution_slug"
slug = "organic"
station = "{slug}"
parameters = {parameters}
start = 3
duration = 300
onset = 0.5
magnitude = 2.5
relative_to = "limit"

[[event]]
kind = "network_loss"
station = "surface_water#1"
start = 4
duration = 3

[[event]]
kind = "duplicates"
station = "surface_water#2"
start = 2
duration = 6
magnitude = 0.5
"""


@contextmanager
def under_load(stage: Stage, slug: str, parameters: Sequence[str] = ("COD", "TSS")) -> Iterator[Run]:
    """Start a fleet of all stations, in which a slug passes ``slug``; yield once something is stored."""
    stage.ready()
    folder = stage.run_dir / f"run-{len(list(stage.run_dir.glob('run-*'))) + 1}"
    run = Run(stage, folder, EVENTS.format(slug=slug, parameters=list(parameters)))
    try:
        run.begin()
        yield run
    finally:
        run.close()


class Run:
    """One fleet's run under load, and what must be true of it."""

    def __init__(self, stage: Stage, folder: Path, scenario: str) -> None:
        self.stage = stage
        folder.mkdir()
        events = folder / "events.toml"
        events.write_text(scenario, encoding="utf-8")
        self._run = stage.fleet("--scenario", str(events), "--rate", str(RATE), folder=folder)
        self.labels = self._run.labels
        self.reports = Reports(stage.servers.database().reader)
        self._logs = {each.name: each.log_path.stat().st_size for each in stage.parts}
        self._restarts = stage.restarts
        self.began = stage.clock.now()
        self.killed_in_hand: set[str] = set()
        """What a notifier had in hand when it was killed: the only mail that may go out twice, with one Message-ID."""
        self.figures: dict[str, list[float]] = {}

    def begin(self) -> None:
        """Start the fleet and wait until its first messages are stored."""
        self._run.until_drained(REST_S)
        self.began = self.stage.clock.now()
        self._run.begin()
        self.stage.until(lambda: self.look().ledger.stored > 0, REST_S, lambda: f"Nothing arrives. {self.told()}")

    def look(self) -> Account:
        """Return the accounts of this moment; a connection that an outage has broken is made anew."""
        try:
            return self._run.look()
        except (BrokerError, StoreError):
            self.leave_kafka()
            return self._run.look()

    def leave_kafka(self) -> None:
        """Close our own connection to Kafka, before an outage; the next look makes a new one."""
        self._run.accountant.disconnect()

    def heard_again(self, what: str, since: datetime) -> float:
        """Wait until something of every station is stored that came after ``since``; note how long that took (s)."""

        def heard() -> bool:
            try:
                lines = self.reports.stations()
            except StoreError:
                return False
            return all(line.last_received_at and line.last_received_at > since for line in lines if line.name_vi)

        self.stage.until(heard, REST_S, lambda: f"Not every station is heard again after {what}. {self.told()}")
        took_s = (self.stage.clock.now() - since).total_seconds()
        self.figures.setdefault(what, []).append(round(took_s, 1))
        return took_s

    def finish(self) -> Account:
        """End the fleet, wait until everything that it published has arrived and is told; return the accounts."""
        stage = self.stage
        stage.let(2)
        self._run.fleet.stop()
        stage.until(lambda: self.look().at_rest, REST_S, lambda: f"Not everything arrived. {self.told()}")
        stage.until(lambda: self.look().totals.notifications_waiting == 0, MAIL_S, lambda: f"Mail waits. {self.told()}")
        account = self.look()
        print(f"\n{self._run.folder.name}: {self.figures}, {self._sums(account)}")  # noqa: T201  (figures of the report)
        return account

    def published(self) -> dict[str, int]:
        """Return what the fleet says of itself."""
        report = self._run.report
        return json.loads(report.read_text("utf-8")) if report.exists() else {}

    def rows(self) -> tuple[int, int]:
        """Return how many readings received since the beginning are stored, and how many different ones."""
        with psycopg.connect(self.stage.servers.database().owner) as connection:
            row = connection.execute(
                "SELECT count(*), count(DISTINCT (station, parameter, observed_at)) FROM readings"
                " WHERE received_at >= %s",
                (self.began,),
            ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])

    def leased(self) -> set[str]:
        """Return the Message-IDs that a notifier has in hand, or had when it was killed."""
        with psycopg.connect(self.stage.servers.database().owner) as connection:
            rows = connection.execute(
                "SELECT message_id FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL AND locked_until > now()"
            ).fetchall()
        return {str(message_id) for (message_id,) in rows}

    def mails(self) -> list[CaughtMail]:
        """Return what the mail catcher accepted in this run."""
        return [mail for mail in self.stage.servers.mail.mails() if mail.received_at >= self.began]

    def deliveries(self) -> list[DeliveryLine]:
        """Return the notifications of this run."""
        return [line for line in self.reports.deliveries(1000) if line.created_at >= self.began]

    def complaints(self, allowed: Sequence[str] = ()) -> list[str]:
        """Return what the processes logged as errors, or not as JSON (tracebacks), but for what is allowed."""
        found = []
        for each in self.stage.parts:
            with each.log_path.open("rb") as log:
                log.seek(self._logs[each.name])
                lines = log.read().decode("utf-8", errors="replace").splitlines()
            bad = [line for line in lines if _is_complaint(line) and not any(word in line for word in allowed)]
            found += [f"{each.name}: {line[:600]}" for line in bad]
        return found

    @property
    def restarts(self) -> int:
        """How often the supervisor had to start a process that had ended by itself, in this run."""
        return self.stage.restarts - self._restarts

    def told(self) -> str:
        """Return all that helps to understand a failure."""
        try:
            account = self.look()
        except (BrokerError, StoreError) as exc:
            return f"No accounts: {exc} {last_words(self.stage)}"
        gaps = [f"{g.station} {g.session}: {g.first}..{g.beyond - 1}" for g in self.reports.sequence_gaps()]
        return f"{self._sums(account)} Gaps: {gaps}. Restarts: {self.restarts}. {last_words(self.stage)}"

    def close(self) -> None:
        """End the fleet and the connections."""
        self._run.close()
        self.reports.close()

    def _sums(self, account: Account) -> str:
        fleet = self.published()
        return (
            f"Published {account.fleet.published} readings in {account.fleet.messages} messages, pending "
            f"{account.fleet.pending}, sent again {fleet.get('resent_messages')} messages; ledger {account.ledger}; "
            f"records waiting {account.waiting_records}; residual {account.residual}; alerts {len(account.alerts)}; "
            f"e-mails {len(account.mails)}."
        )


def last_words(stage: Stage, lines: int = 4) -> str:
    """Return the last lines of every log."""
    said = []
    for path in sorted((stage.run_dir / "log").glob("*.log")):
        last = path.read_text("utf-8", errors="replace").splitlines()[-lines:]
        said.append("\n  ".join([f"{path.name}:", *(line[:400] for line in last)]))
    return "\n".join(["", *said])


def repeated(mails: Sequence[CaughtMail]) -> list[str]:
    """Return the Message-IDs that were accepted more than once."""
    return [message_id for message_id, times in Counter(mail.message_id for mail in mails).items() if times > 1]


def _is_complaint(line: str) -> bool:
    if not line.startswith("{"):
        return True
    entry = json.loads(line)
    return entry.get("level") in {"error", "critical"} or "exception" in entry

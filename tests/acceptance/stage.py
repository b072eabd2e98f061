"""The whole path as processes of their own, a fleet that feeds it, and the accounts of what became of its readings."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from local.accounts import Account, Accountant
from local.processes import Part, Supervisor, part, pipeline
from local.servers import LocalServers
from local.servers.mail import CaughtMail
from quantrac.clock import SystemClock
from quantrac.errors import BrokerError, StoreError
from simulators.fleet import LABELS_FILE, REPORT_FILE
from sql.reports import DeliveryLine, Reports

RATE = 100
"""Messages per second of 16 stations: twenty times the province's load; a message holds 7 to 10 readings."""
REST_S = 45.0
"""How long the last readings may take to arrive once the fleet has ended and everything runs again."""
MAIL_S = 150.0
"""How long mail may take: a notifier that is killed in mid-delivery leaves its lease of two minutes behind."""
TURN_S = 0.1

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


class Stage:
    """Servers, one bridge, two workers and one notifier of one run folder, under the demo's own supervisor."""

    def __init__(self, servers: LocalServers) -> None:
        self.servers = servers
        self.clock = SystemClock()
        pipe = pipeline(servers.run_dir, workers=2)
        self.bridge, self.workers, self.notifier, self.parts = pipe.bridge, pipe.workers, pipe.notifier, pipe.parts
        self._supervisor = Supervisor(self.parts, self.clock)
        self._runs = 0

    def open(self) -> None:
        """Start what processes the readings."""
        self._supervisor.start()

    def close(self) -> None:
        """Stop it."""
        self._supervisor.stop()

    def server(self, name: str) -> Part:
        """Return a server by its name."""
        return {server.name: server for server in self.servers.all}[name]  # type: ignore[return-value]

    @property
    def restarts(self) -> int:
        """How often the supervisor had to start a process that had ended by itself."""
        return self._supervisor.restarts

    def tend(self) -> None:
        """Do what the supervisor does about once a second."""
        self._supervisor.tend()

    def let(self, seconds: float) -> None:
        """Let it go on for a while."""
        ends_s = time.monotonic() + seconds
        while time.monotonic() < ends_s:
            self.tend()
            time.sleep(TURN_S)

    def until(self, what: Callable[[], bool], longest_s: float, said: Callable[[], str]) -> float:
        """Wait until something is so and return how long it took (s); fail with ``said`` after ``longest_s``."""
        began_s = time.monotonic()
        while not what():
            assert time.monotonic() - began_s < longest_s, f"{said()} (waited {longest_s:g} s)"
            self.tend()
            time.sleep(TURN_S)
        return time.monotonic() - began_s

    def ready(self, *parts: Part) -> None:
        """Wait until processes are ready."""
        for each in parts or self.parts:
            self.until(each.is_healthy, 60, lambda name=each.name: f"{name} is not ready. {self.last_words()}")  # type: ignore[misc]

    def restart(self, which: Part, how: str) -> None:
        """Stop (SIGTERM) or kill (SIGKILL) a process and start it again at once."""
        getattr(which, how)()
        which.launch()

    def last_words(self, lines: int = 4) -> str:
        """Return the last lines of every log."""
        said = []
        for path in sorted((self.servers.run_dir / "log").glob("*.log")):
            last = path.read_text("utf-8", errors="replace").splitlines()[-lines:]
            said.append("\n  ".join([f"{path.name}:", *(line[:400] for line in last)]))
        return "\n".join(["", *said])

    @contextmanager
    def run(self, slug: str, parameters: Sequence[str] = ("COD", "TSS")) -> Iterator[Run]:
        """Start a fleet of all stations, in which a slug passes ``slug``; yield once something is stored."""
        self.ready()
        self._runs += 1
        run = Run(
            self, self.servers.run_dir / f"run-{self._runs}", EVENTS.format(slug=slug, parameters=list(parameters))
        )
        try:
            run.begin()
            yield run
        finally:
            run.close()


class Run:
    """One fleet's run and its accounts."""

    def __init__(self, stage: Stage, folder: Path, scenario: str) -> None:
        self.stage, self.folder = stage, folder
        servers = stage.servers
        folder.mkdir()
        events = folder / "events.toml"
        events.write_text(scenario, encoding="utf-8")
        options = ("--scenario", str(events), "--rate", str(RATE), "--json")
        self.fleet = part(servers.run_dir, "fleet", "simulate", *options, "--folder", str(folder))
        self.reports = Reports(servers.database().reader)
        self._accountant = Accountant(servers.database(), servers.kafka(), folder / REPORT_FILE, servers.mail.folder)
        self._logs = {each.name: each.log_path.stat().st_size for each in stage.parts}
        self._restarts = stage.restarts
        self.began = stage.clock.now()
        self.killed_in_hand: set[str] = set()
        """What a notifier had in hand when it was killed: the only mail that may go out twice, with one Message-ID."""
        self.figures: dict[str, list[float]] = {}

    def begin(self) -> None:
        """Start the fleet and wait until its first messages are stored."""
        stage = self.stage
        stage.until(lambda: self._accountant.waiting() == 0, REST_S, lambda: f"Old records wait. {stage.last_words()}")
        self.began = stage.clock.now()
        self._accountant.begin(self.began)
        self.fleet.start()
        stage.until(lambda: self.look().ledger.stored > 0, 60, lambda: f"Nothing arrives. {self.told()}")

    def look(self) -> Account:
        """Return the accounts of this moment; a connection that an outage has broken is made anew."""
        try:
            return self._accountant.look(self.stage.clock.now())
        except (BrokerError, StoreError):
            self.leave_kafka()
            return self._accountant.look(self.stage.clock.now())

    def leave_kafka(self) -> None:
        """Close our own connection to Kafka, before an outage; the next look makes a new one."""
        self._accountant.disconnect()

    def heard_again(self, what: str, since: datetime) -> float:
        """Wait until something of every station is stored that came after ``since``; note how long that took (s)."""

        def heard() -> bool:
            try:
                lines = self.reports.stations()
            except StoreError:
                return False
            return all(line.last_received_at and line.last_received_at > since for line in lines if line.name_vi)

        self.stage.until(heard, 60, lambda: f"Not every station is heard again after {what}. {self.told()}")
        took_s = (self.stage.clock.now() - since).total_seconds()
        self.figures.setdefault(what, []).append(round(took_s, 1))
        return took_s

    def finish(self) -> Account:
        """End the fleet, wait until everything that it published has arrived and is told; return the accounts."""
        stage = self.stage
        stage.let(2)
        self.fleet.stop()
        stage.until(lambda: self.look().at_rest, REST_S, lambda: f"Not everything arrived. {self.told()}")
        stage.until(lambda: self.look().totals.notifications_waiting == 0, MAIL_S, lambda: f"Mail waits. {self.told()}")
        account = self.look()
        print(f"\n{self.folder.name}: {self.figures}, {self._sums(account)}")  # noqa: T201  (figures of the report)
        return account

    def published(self) -> dict[str, int]:
        """Return what the fleet says of itself."""
        report = self.folder / REPORT_FILE
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
            return f"No accounts: {exc} {self.stage.last_words()}"
        gaps = [f"{g.station} {g.session}: {g.first}..{g.beyond - 1}" for g in self.reports.sequence_gaps()]
        return f"{self._sums(account)} Gaps: {gaps}. Restarts: {self.restarts}. {self.stage.last_words()}"

    def close(self) -> None:
        """End the fleet and the connections."""
        self.fleet.stop()
        self._accountant.close()
        self.reports.close()

    def _sums(self, account: Account) -> str:
        fleet = self.published()
        return (
            f"Published {account.fleet.published} readings in {account.fleet.messages} messages, pending "
            f"{account.fleet.pending}, sent again {fleet.get('resent_messages')} messages; ledger {account.ledger}; "
            f"records waiting {account.waiting_records}; residual {account.residual}; alerts {len(account.alerts)}; "
            f"e-mails {len(account.mails)}."
        )

    @property
    def labels(self) -> Path:
        """The fleet's own truth."""
        return self.folder / LABELS_FILE


def repeated(mails: Sequence[CaughtMail]) -> list[str]:
    """Return the Message-IDs that were accepted more than once."""
    return [message_id for message_id, times in Counter(mail.message_id for mail in mails).items() if times > 1]


def _is_complaint(line: str) -> bool:
    if not line.startswith("{"):
        return True
    entry = json.loads(line)
    return entry.get("level") in {"error", "critical"} or "exception" in entry

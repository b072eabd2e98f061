"""The demo: the whole path on this machine, from simulated sensors to the officer's inbox."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import chain
from textwrap import wrap

from local import page
from local.accounts import Account
from local.alone import alone
from local.aside import put_aside, sent_lately
from local.grafana import grafana_line
from local.page import invite, link_in, put_on_call
from local.prepare import local_servers, prepare, refuse_configured_servers
from local.servers.connections import DEMO_FOLDER
from local.servers.progress import bars_on_stderr
from local.servers.webjars import fetch_scripts
from local.stage import SIMULATE, Stage
from local.story import as_json, complete, lines_of, slug_of, work_items
from quantrac.clock import Clock
from quantrac.domain.incidents import Incident
from quantrac.errors import OutsideError
from quantrac.registry import accelerated, load_registry, sample_province
from quantrac.settings import Settings
from quantrac.terminal import say
from simulators.fleet import REPORT_FILE
from simulators.labels import read_labels
from sql.fresh_start import forget
from sql.ledger_report import ledger_report

CADENCE_S = 1.0
"""The demo's stations report every second; a real one every five minutes."""
SPEED = 300.0
"""So much faster than the clock the demo's stations live, in the scenario's signals and in their registry."""
PAST_S = 400
"""Seconds of the past that the fleet sends first, 33 h of a station: the model learns from them what is usual."""
LIVE_PATIENCE_S = 90.0
ONCE_PATIENCE_S = 150.0
REST_PATIENCE_S = 60.0
LEDGER_PATIENCE_S = 10.0
"""Who receives carries its account to the database every few seconds."""
TURN_S = 0.5
"""Between two pictures of the screen."""
FILE_STATIONS = ("DT_KCNTKIEU_NUOSXL", "DT_KCNTQTOA_NUOSXL")
"""Stations whose loggers write files to an SFTP server; the others speak MQTT."""
FILE_LOGGERS = "qt,esp32"
"""Two of the loggers that are in use: TAB and CRLF in folders by day, and semicolons."""


def run(
    settings: Settings, clock: Clock, *, once: bool, workers: int, scenario: str, seed: int
) -> dict[str, object] | None:
    """Start everything locally and show it, until Ctrl-C; with ``once`` until all that the demo promises was seen.

    Returns
    -------
    dict or None
        With ``once``: the numbers, see :meth:`Demo.run_once`; ``None`` when it was interrupted.

    Raises
    ------
    QuantracError
        A setting names a server, something did not start, or the demo did not show what it promises in time.
    """
    refuse_configured_servers(settings)
    settings = settings.model_copy(update={"run_dir": settings.run_dir / DEMO_FOLDER})
    signal.signal(signal.SIGTERM, _interrupt)
    registry = accelerated(load_registry([sample_province()]), SPEED)
    result: dict[str, object] | None = None
    with ExitStack() as until_the_end:
        until_the_end.enter_context(alone(settings.run_dir))
        _begin_anew(settings, clock.now())
        stage = Stage(local_servers(settings), clock, workers=workers, web=True)
        until_the_end.enter_context(_until_interrupted(stage))
        with bars_on_stderr() as bars:
            stage.servers.start(bars)
            prepare(stage.servers, settings, registry, bars)
            fetch_scripts(settings.cache_dir, bars)
            bars.advance_to("Starting bridge, worker, notifier, page", 0, 1)
            stage.start()
            bars.advance_to("Starting bridge, worker, notifier, page", 1, 1)
        if not once:
            say(grafana_line(stage.servers, settings, stage.web_url), err=True)
        stations = {station.code for station in registry.stations}
        signals = _signals(scenario, seed, sorted(stations.difference(FILE_STATIONS)))
        database = stage.servers.database()
        put_on_call(database, settings.mail_to[0], clock.now())
        demo = Demo(stage, stations, signals, invite(database.web, stage.web_url or "", clock))
        demo.begin()
        if once:
            result = demo.run_once()
        else:
            demo.show()
    return result


def _begin_anew(settings: Settings, now: datetime) -> None:
    """Put the last run's data aside where this one would contradict them."""
    if not sent_lately(settings.run_dir / SIMULATE / REPORT_FILE, timedelta(seconds=PAST_S), now):
        return
    local_servers(settings).stop_all()  # what a killed run has left
    say(
        f"The last demo has just ended: this one begins with empty tables. What was stored is in "
        f"{put_aside(settings.run_dir)}, until it is put aside again.",
        err=True,
    )


def _signals(scenario: str, seed: int, stations: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the options of a fleet."""
    named = chain.from_iterable(("--station", code) for code in stations)
    return (
        "--scenario", scenario, "--cadence", f"{CADENCE_S:g}", "--seed", str(seed), "--backfill", f"{PAST_S}s", *named,
    )  # fmt: skip


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _until_interrupted(stage: Stage) -> Iterator[None]:
    """Stop at the end, in order, everything that was started here, and nothing else; Ctrl-C is an orderly end."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\nStopping …\n")
    finally:
        # A second Ctrl-C while stopping would leave processes behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stage.stop()
        stage.servers.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Demo:
    """What the demo shows of one stage, and when it has shown it."""

    def __init__(self, stage: Stage, stations: Collection[str], signals: tuple[str, ...], link: str) -> None:
        self._stage, self._stations, self._page = stage, stations, link
        self._taken: Incident | None = None
        self._tried = set[str]()
        calm = ("--logger", FILE_LOGGERS, *_signals("demo-files", 1))
        self._run = stage.fleet_with_files(signals, stations, FILE_STATIONS, calm)

    def begin(self) -> None:
        """Let the pipeline finish what an earlier run left in the queues, then start the fleet.

        The signals start again with every run, so the stations do too: what an earlier one has taught is forgotten.
        """
        stage = self._stage
        left_over = self._until_drained()
        if left_over:  # a worker that has processed something holds its station
            stage.supervisor.stop()
        forget(stage.servers.database().owner, self._stations, stage.clock.now())
        if left_over:
            stage.start()
        self._run.begin()

    def run_once(self) -> dict[str, object]:
        """Wait until all that the demo promises can be seen, stop the fleet, wait until everything is accounted for.

        Returns
        -------
        dict
            The numbers; the summary for people is on stdout by then.

        Raises
        ------
        QuantracError
            It did not come to that in time; the message says how far it came.
        """
        self._until_live()
        self._stage.until(self._is_complete, ONCE_PATIENCE_S, self._what_is_missing)
        self._run.stop()
        account = self._until_at_rest()
        events = read_labels(self._run.labels)
        slug, items = slug_of(account, events), work_items(account, events)
        for line in lines_of(slug, items, SPEED * CADENCE_S):
            _tell(line)
        files = self._files(account)
        _tell(
            f"Files: {files['written']:,} written to SFTP by two loggers, {files['read']:,} read, "
            f"{files['readings']:,} readings; residual of `quantrac ledger`: {files['ledger_residual']}."
        )
        taken = self._taken
        if taken is not None:
            _tell(
                f"Incident {taken.id}: taken by {taken.holder} with the link of the delivered e-mail; it is "
                f"{taken.state.value}."
            )
        result = result_of(account, None if slug is None else slug.mailed_after_s()) | as_json(
            slug, items, SPEED * CADENCE_S
        )
        return result | {"files": files, "incident": page.as_json(taken)}

    def show(self) -> None:
        """Show the live table until Ctrl-C, and end with its story."""
        try:
            self._live()
        except KeyboardInterrupt:
            self._tell_story()
            raise

    def _tell_story(self) -> None:
        """Print what was seen, when it ends: how long before the limit, what became of each fault, the counts."""
        account, events = self._run.look(), read_labels(self._run.labels)
        slug, items = slug_of(account, events), work_items(account, events)
        lines = list(lines_of(slug, items, SPEED * CADENCE_S))
        for line in lines or ["Nothing has happened yet: the slug passes about 20 s after the stations are live."]:
            _tell(line)
        ledger = account.ledger
        files = account.files
        # What has arrived was published, also where the fleet's own report is a second older.
        published = max(account.published, account.done)
        _tell(
            f"Published {published:,} readings ({files.lines:,} of them in {files.files:,} files): stored "
            f"{ledger.stored:,}, duplicates {ledger.duplicate:,}, revisions {ledger.revision:,}, dead letters "
            f"{ledger.dead_letter:,}, on their way {published - account.done:,}; {len(account.mails)} e-mails."
        )

    def _live(self) -> None:
        from rich.live import Live

        from local.screen import Screen

        stage = self._stage
        screen = Screen(stage.servers, self._run.labels, self._page)
        with Live(screen.waiting(), screen=sys.stdout.isatty(), auto_refresh=False) as live:
            live.refresh()
            self._until_live()
            while True:
                try:
                    size = (live.console.width, live.console.height)
                    live.update(screen.render(self._run.look(), stage.supervisor, size), refresh=True)
                except OutsideError as exc:
                    # Whoever stops a server to see what happens wants to see it: the pipeline waits, and so do we.
                    self._run.accountant.disconnect()
                    live.update(screen.interrupted(str(exc)), refresh=True)
                self._run.require_running()
                stage.let(TURN_S)

    def _files(self, account: Account) -> dict[str, int]:
        """Return what became of the files, once the ledger from the first byte knows them."""
        reader, began = self._stage.servers.database().reader, self._run.began
        ends_s = self._stage.clock.monotonic_s() + LEDGER_PATIENCE_S
        while True:
            report = ledger_report(reader, began, self._stage.clock.now() + timedelta(days=1))
            if not any(line.uncounted for line in report.messages) or self._stage.clock.monotonic_s() > ends_s:
                break
            self._stage.let(TURN_S)
        return {
            "written": self._run.files_written(),
            "read": account.files.read,
            "readings": account.files.lines,
            "ledger_residual": report.residual,
        }

    def _take(self, account: Account, alert_id: int) -> None:
        """Take the slug's incident by the link of the first e-mail about it, as an officer does."""
        if self._taken is not None:
            return
        for mail in account.mails_about([alert_id]):
            link = link_in(mail)
            if link is None or link in self._tried:
                continue
            self._tried.add(link)
            if page.take(link):
                self._taken = page.incident_of(self._stage.servers.database().reader, alert_id)
                return

    def _is_complete(self) -> bool:
        self._run.require_running()
        account, events = self._run.look(), read_labels(self._run.labels)
        slug = slug_of(account, events)
        if slug is not None:
            self._take(account, slug.alert.id)
        return self._taken is not None and complete(slug, work_items(account, events))

    def _what_is_missing(self) -> str:
        account = self._run.look()
        events = read_labels(self._run.labels)
        found, items = slug_of(account, events), work_items(account, events)
        missing = [f"{i.event.kind} at {i.event.station}" for i in items if i.alert is None]
        return (
            f"{'Nobody was told of a slug' if found is None else 'A slug was told'}, its incident was "
            f"{'not ' if self._taken is None else ''}taken; no alert for: "
            f"{', '.join(missing) or 'nothing else'}. {_so_far(account, self._stage.restarts)} "
            f"The logs are in {self._stage.run_dir / 'log'}."
        )

    def _what_has_not_arrived(self) -> str:
        return f"Not every published reading arrived. {_so_far(self._run.look(), self._stage.restarts)}"

    def _until_live(self) -> None:
        """Wait until the past that the fleet sends first is processed, for a while; what follows is live."""
        ends_s = self._stage.clock.monotonic_s() + LIVE_PATIENCE_S
        while not self._is_live() and self._stage.clock.monotonic_s() < ends_s:
            self._stage.let(TURN_S)
        self._run.accountant.live(self._run.look())

    def _is_live(self) -> bool:
        self._run.require_running()
        account = self._run.look()
        rows = account.fleet.messages / max(account.totals.stations - len(FILE_STATIONS), 1)
        return rows > PAST_S and account.fleet.pending == 0 and account.waiting_records < account.totals.stations

    def _is_at_rest(self) -> bool:
        account = self._run.look()
        return account.at_rest and account.files.read >= self._run.files_written()

    def _until_drained(self) -> bool:
        """Wait until the queues are empty, for a while, and return whether anything was in them."""
        ends_s = self._stage.clock.monotonic_s() + REST_PATIENCE_S
        left_over = False
        while self._run.accountant.waiting() and self._stage.clock.monotonic_s() < ends_s:
            left_over = True
            self._stage.let(TURN_S)
        return left_over

    def _until_at_rest(self) -> Account:
        stage = self._stage
        stage.until(self._is_at_rest, REST_PATIENCE_S, self._what_has_not_arrived)
        account = self._run.look()
        # The delays of the last batch are written by the worker's next sweep.
        ends_s = stage.clock.monotonic_s() + 5.0
        while account.delays.readings < account.awaited_delays and stage.clock.monotonic_s() < ends_s:
            stage.let(TURN_S)
            account = self._run.look()
        return account


def _tell(line: str) -> None:
    """Print a line of the story; in a window it is broken between words, in a file not at all."""
    indent = "  " if line.startswith("  ") else ""
    width = shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else 0
    for part in wrap(line, width, subsequent_indent=indent) if width > 0 else [line]:
        say(part)


def _so_far(account: Account, restarts: int) -> str:
    return (
        f"Published {account.published} readings, accounted for {account.done}, in flight "
        f"{account.in_flight}, missing messages {account.missing_messages}, alerts {len(account.alerts)}, "
        f"e-mails {len(account.mails)}, restarts {restarts}."
    )


def result_of(account: Account, alert_delay_s: float | None) -> dict[str, object]:
    """Return the last line of ``--once``."""
    return {
        "published": account.published,
        "stored": account.ledger.stored,
        "duplicates": account.ledger.duplicate,
        "revisions": account.ledger.revision,
        "dead_letters": account.ledger.dead_letter,
        "redelivered": account.ledger.redelivered,
        "in_flight": account.in_flight,
        "residual": account.residual,
        "missing_messages": account.missing_messages,
        "alerts_opened": len(account.alerts),
        "emails_delivered": len(account.mails),
        "delay_p50_s": _rounded(account.delays.p50_s),
        "delay_p99_s": _rounded(account.delays.p99_s),
        "alert_delay_s": _rounded(alert_delay_s),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

"""The demo: the whole path on this machine, from simulated sensors to the officer's inbox."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.accounts import Account, Accountant
    from local.processes import Part
    from local.servers import LocalServers
    from quantrac.clock import Clock
    from quantrac.settings import Settings

CADENCE_S = 1.0
"""The demo's stations report every second; a real one every five minutes."""
SPEED = 300.0
"""So much faster than the clock the demo's stations live, in the scenario's signals and in their registry."""
PAST_S = 400
"""Seconds of the past that the fleet sends first, 33 h of a station: the model learns from them what is usual."""
LIVE_PATIENCE_S = 90.0
ONCE_PATIENCE_S = 150.0
REST_PATIENCE_S = 60.0


def run(
    settings: Settings, clock: Clock, *, once: bool, workers: int, scenario: str, seed: int
) -> dict[str, object] | None:
    """Start everything locally and show it, until Ctrl-C; with ``once`` until all that the demo promises was seen.

    Returns
    -------
    dict or None
        With ``once``: the numbers, see :meth:`Stage.run_once`; ``None`` when it was interrupted.

    Raises
    ------
    QuantracError
        A setting names a server, something did not start, or the demo did not show what it promises in time.
    """
    from local.prepare import local_servers, prepare, refuse_configured_servers
    from local.servers.progress import bars_on_stderr
    from quantrac.registry import accelerated, load_registry, sample_province

    refuse_configured_servers(settings)
    signal.signal(signal.SIGTERM, _interrupt)
    servers = local_servers(settings)
    result: dict[str, object] | None = None
    registry = accelerated(load_registry([sample_province()]), SPEED)
    codes = {station.code for station in registry.stations}
    stage = Stage(servers, _parts(servers.run_dir, workers, scenario, seed), clock, codes)
    with stage.open():
        with bars_on_stderr() as bars:
            servers.start(bars)
            prepare(servers, settings, registry, bars)
        stage.begin()
        if once:
            result = stage.run_once()
        else:
            stage.show()
    return result


@dataclass(frozen=True)
class Parts:
    """The processes of the demo: the pipeline, and the fleet that feeds it."""

    pipeline: tuple[Part, ...]
    fleet: Part


def _parts(run_dir: Path, workers: int, scenario: str, seed: int) -> Parts:
    from local.processes import part, pipeline

    signals = (
        "--scenario", scenario, "--cadence", f"{CADENCE_S:g}", "--seed", str(seed), "--backfill", f"{PAST_S}s",
    )  # fmt: skip
    return Parts(pipeline(run_dir, workers).parts, part(run_dir, "fleet", "simulate", *signals, "--json"))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class Stage:
    """Servers and processes of one demo, and what is seen of them."""

    def __init__(self, servers: LocalServers, parts: Parts, clock: Clock, stations: Collection[str]) -> None:
        from local.processes import Supervisor

        self._stations = stations
        self._servers, self._parts, self._clock = servers, parts, clock
        self._supervisor = Supervisor(parts.pipeline, clock)
        self._accountant: Accountant | None = None
        self._fleet_folder = servers.run_dir / "simulate"
        self._labels = self._fleet_folder / "fleet-labels.csv"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Stop at the end, in order, everything that was started here, and nothing else; Ctrl-C is an orderly end."""
        try:
            yield
        except KeyboardInterrupt:
            sys.stderr.write("\nStopping …\n")
        finally:
            # A second Ctrl-C while stopping would leave processes behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._parts.fleet.stop()
            self._supervisor.stop()
            if self._accountant is not None:
                self._accountant.close()
            self._servers.stop()
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def begin(self) -> None:
        """Start the pipeline, let it finish what an earlier run left in the queues, then start the fleet.

        The signals start again with every run, so the stations do too: what an earlier one has taught is forgotten.
        """
        from local.accounts import Accountant
        from local.servers.progress import bars_on_stderr
        from simulators.fleet import REPORT_FILE
        from sql.fresh_start import forget

        with bars_on_stderr() as bars:
            bars.advance_to("Starting bridge, worker, notifier", 0, 1)
            self._supervisor.start()
            bars.advance_to("Starting bridge, worker, notifier", 1, 1)
        report = self._fleet_folder / REPORT_FILE
        report.unlink(missing_ok=True)
        self._labels.unlink(missing_ok=True)
        self._accountant = Accountant(
            self._servers.database(), self._servers.kafka(), report, self._servers.mail.folder
        )
        left_over = self._until_drained()
        if left_over:  # a worker that has processed something holds its station
            self._supervisor.stop()
        forget(self._servers.database().owner, self._stations, self._clock.now())
        if left_over:
            self._supervisor.start()
        self._accountant.begin(self._clock.now())
        self._parts.fleet.start()

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
        from local.accounts import slug_mail
        from local.story import as_json, complete, lines_of, slug_of, work_items
        from quantrac.errors import QuantracError
        from simulators.labels import read_labels

        self._until_live()
        deadline_s = self._clock.monotonic_s() + ONCE_PATIENCE_S
        while True:
            account, events = self._look(), read_labels(self._labels)
            found, items = slug_mail(account, self._labels), work_items(account, events)
            if found is not None and complete(slug_of(account, events), items):
                break
            self._check_fleet()
            if self._clock.monotonic_s() > deadline_s:
                missing = [f"{i.event.kind} at {i.event.station}" for i in items if i.alert is None]
                raise QuantracError(
                    f"After {ONCE_PATIENCE_S:.0f} s there is {'no' if found is None else 'an'} e-mail about a slug, "
                    f"and no alert for: {', '.join(missing) or 'nothing else'}. {self._so_far()} "
                    f"The logs are in {self._servers.run_dir / 'log'}."
                )
            self._turn()
        self._parts.fleet.stop()
        account = self._until_at_rest()
        events = read_labels(self._labels)
        slug, items = slug_of(account, events), work_items(account, events)
        for line in lines_of(slug, items, SPEED * CADENCE_S):
            sys.stdout.write(f"{line}\n")
        return result_of(account, found[2]) | as_json(slug, items, SPEED * CADENCE_S)

    def _until_live(self) -> None:
        """Wait until the past that the fleet sends first is processed; what follows is live."""
        deadline_s = self._clock.monotonic_s() + LIVE_PATIENCE_S
        live = False
        while not live and self._clock.monotonic_s() < deadline_s:
            self._check_fleet()
            self._turn()
            account = self._look()
            rows = account.fleet.messages / max(account.totals.stations, 1)
            live = rows > PAST_S and account.fleet.pending == 0 and account.waiting_records < account.totals.stations
        self._accounts.live(self._look())

    def show(self) -> None:
        """Show the live table until Ctrl-C."""
        from rich.live import Live

        from local.screen import Screen
        from quantrac.errors import OutsideError

        screen = Screen(self._servers, self._labels)
        with Live(screen.waiting(), screen=sys.stdout.isatty(), auto_refresh=False) as live:
            live.refresh()
            self._until_live()
            while True:
                try:
                    live.update(screen.render(self._look(), self._supervisor), refresh=True)
                except OutsideError as exc:
                    # Whoever stops a server to see what happens wants to see it: the pipeline waits, and so do we.
                    self._accounts.disconnect()
                    live.update(screen.interrupted(str(exc)), refresh=True)
                self._check_fleet()
                self._turn()

    def _until_drained(self) -> bool:
        """Wait until the queues are empty, and return whether anything was in them."""
        deadline_s = self._clock.monotonic_s() + REST_PATIENCE_S
        left_over = False
        while self._accounts.waiting() and self._clock.monotonic_s() < deadline_s:
            left_over = True
            self._turn()
        return left_over

    def _until_at_rest(self) -> Account:
        from quantrac.errors import QuantracError

        deadline_s = self._clock.monotonic_s() + REST_PATIENCE_S
        while not (account := self._look()).at_rest:
            if self._clock.monotonic_s() > deadline_s:
                raise QuantracError(
                    f"Not every published reading arrived within {REST_PATIENCE_S:.0f} s. {self._so_far()}"
                )
            self._turn()
        # The delays of the last batch are written by the worker's next sweep.
        deadline_s = self._clock.monotonic_s() + 5.0
        while account.delays.readings < account.awaited_delays and self._clock.monotonic_s() < deadline_s:
            self._turn()
            account = self._look()
        return account

    def _so_far(self) -> str:
        account = self._look()
        return (
            f"Published {account.fleet.published} readings, accounted for {account.done}, in flight "
            f"{account.in_flight}, missing messages {account.missing_messages}, alerts {len(account.alerts)}, "
            f"e-mails {len(account.mails)}, restarts {self._supervisor.restarts}."
        )

    def _check_fleet(self) -> None:
        from quantrac.errors import ServerError

        if self._parts.fleet.pid is None:
            raise ServerError(f"The simulated fleet ended by itself; see {self._parts.fleet.log_path}.")

    def _look(self) -> Account:
        return self._accounts.look(self._clock.now())

    @property
    def _accounts(self) -> Accountant:
        if self._accountant is None:
            raise RuntimeError("begin() comes first")
        return self._accountant

    def _turn(self) -> None:
        time.sleep(0.5)
        self._supervisor.tend()


def result_of(account: Account, alert_delay_s: float) -> dict[str, object]:
    """Return the last line of ``--once``."""
    return {
        "published": account.fleet.published,
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

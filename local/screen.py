"""The live table of the demo: stations, readings per second, open alerts, lag, delay."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alerts.explanations import explained
from quantrac.domain.words import Bilingual, as_text, local_clock, percentage
from quantrac.terminal import add_row

if TYPE_CHECKING:
    from local.accounts import Account
    from local.processes import Supervisor
    from local.servers import LocalServers
    from sql.reports import AlertLine, StationLine

RATE_OVER = 20
"""Looks over which readings per second are averaged: 10 s."""
_SEVERITY_STYLE = {"critical": "bold white on red", "high": "bold red", "warning": "yellow", "info": "cyan"}


class Screen:
    """Turns accounts into tables, and remembers enough of the last ones for a rate."""

    def __init__(self, servers: LocalServers, labels: Path, page: str) -> None:
        from sql.reports import Reports

        self._servers, self._labels, self._page = servers, labels, page
        self._reports = Reports(servers.database().reader)
        self._stored: deque[tuple[datetime, int]] = deque(maxlen=RATE_OVER)

    def waiting(self) -> RenderableType:
        """Return what is shown before the first look."""
        return Text("The stations send their past first, from which the model learns what is usual …", style="dim")

    def interrupted(self, why: str) -> RenderableType:
        """Return what is shown while a server does not answer."""
        return Text(f"{why}\nNothing is lost meanwhile; looking again …", style="yellow")

    def render(self, account: Account, supervisor: Supervisor) -> RenderableType:
        """Return the screen of this moment."""
        self._stored.append((account.at, account.ledger.stored))
        return Group(
            Panel(self._figures(account, supervisor), title="quantrac demo", subtitle="Ctrl-C ends it"),
            _alerts(account.alerts),
            *_why(account),
            _stations(self._reports.stations()),
            Text(f"Trang của trung tâm · The centre's page (vào một lần · lets in once): {self._page}", style="bold"),
            Text(f"E-mails: {self._servers.mail.folder}    Logs: {self._servers.run_dir / 'log'}", style="dim"),
        )

    def _figures(self, account: Account, supervisor: Supervisor) -> Table:
        mails = f"{len(account.mails)}" + (f", last {as_text(account.mails[-1].received_at)}" if account.mails else "")
        running = sum(each.pid is not None for each in supervisor.parts)
        table = Table.grid(padding=(0, 2))
        for _ in range(3):
            table.add_column(style="dim")
            table.add_column(min_width=22)
        on_the_way = max(0, account.fleet.published - account.done)
        rows = (
            ("stations online", f"{account.totals.online} / {account.totals.stations}"),
            ("readings/s", f"{self._rate():,.0f}"),
            ("delay p50 / p99", f"{_seconds(account.delays.p50_s)} / {_seconds(account.delays.p99_s)}"),
            ("published", f"{account.fleet.published:,}"),
            ("stored", f"{account.ledger.stored:,}"),
            ("duplicates", f"{account.ledger.duplicate:,}"),
            ("on their way", f"{on_the_way:,} ({account.waiting_records} records in Kafka)"),
            ("missing messages", f"{account.missing_messages}"),
            ("dead letters", f"{account.ledger.dead_letter:,}"),
            ("open alerts", f"{account.totals.open_alerts}"),
            ("e-mails", mails),
            ("processes", f"{running} / {len(supervisor.parts)}, {supervisor.restarts} restarts"),
        )
        for start in range(0, len(rows), 3):
            add_row(table, *(cell for row in rows[start : start + 3] for cell in row))
        return table

    def _rate(self) -> float:
        (first, before), (last, now) = self._stored[0], self._stored[-1]
        seconds = (last - first).total_seconds()
        return (now - before) / seconds if seconds > 0 else 0.0


def _alerts(alerts: tuple[AlertLine, ...]) -> Table:
    table = Table(title="Cảnh báo · Alerts of this run, newest first", title_justify="left", box=None, expand=True)
    for head in (
        "severity",
        "station",
        "parameter",
        "rule",
        "since",
        "value",
        "limit",
        "class",
        "state",
        "who is told",
    ):
        table.add_column(head)
    for a in alerts[:8]:
        add_row(
            table,
            Text(a.severity, style=_SEVERITY_STYLE.get(a.severity, "")),
            a.station,
            a.parameter,
            a.rule,
            local_clock(a.since),
            as_text(a.peak_value),
            as_text(a.limit_maximum),
            "-" if a.triage is None else f"{a.triage} {percentage(a.triage_probability or 0)}",
            "open" if a.resolved_at is None else f"resolved {local_clock(a.resolved_at)}",
            "e-mail" if a.page else "work item",
        )
    return table


def _why(account: Account) -> list[RenderableType]:
    """Return the explanation of the alert for which officers were paged last, the model's before that of a limit."""
    paged = [a for a in account.alerts if a.id in account.paged and a.resolved_at is None]
    newest = next((a for a in paged if a.kind == "anomaly"), next(iter(paged), None))
    if newest is None:
        return []
    words = explained(Bilingual(newest.explanation_vi, newest.explanation_en), newest.assessment)
    return [Text(f"Vì sao · Why: {words.vi}"), Text(words.en, style="dim")]


def _stations(stations: list[StationLine]) -> Table:
    table = Table(title="Trạm · Stations", title_justify="left", box=None, expand=True)
    for head in ("code", "tên trạm", "state", "last reading", "open alerts"):
        table.add_column(head, no_wrap=True)
    for s in stations:
        state = (
            Text("online", style="green") if s.online else Text("offline" if s.online is False else "-", style="red")
        )
        last = "-" if s.last_observed_at is None else local_clock(s.last_observed_at)
        alerts = Text(str(s.open_alerts), style="bold red" if s.open_alerts else "dim")
        add_row(table, s.station, s.name_vi, state, last, alerts)
    return table


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"

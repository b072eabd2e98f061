"""The command ``quantrac``: one module per area, and one place where an error becomes a sentence."""

from __future__ import annotations

import sys

import typer

from commands import (
    accounts,
    alerts,
    audit,
    dashboards,
    db,
    dead_letters,
    demo,
    doctor,
    drill,
    evidence,
    export,
    forwarding,
    incidents,
    ledger,
    limits,
    missing,
    models,
    oncall,
    progress,
    readings,
    replay,
    reports,
    revisions,
    servers,
    settings,
    simulate,
    stations,
    status,
    up,
)
from commands import (
    run as run_group,
)
from quantrac.errors import QuantracError, SettingsError
from quantrac.telemetry import log_to_stderr
from quantrac.terminal import say

app = typer.Typer(
    name="quantrac",
    help="Real-time monitoring of industrial discharge: no reading is lost, every alert explains itself.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(up.up)
app.command()(status.status)
app.command()(doctor.doctor)
app.command()(missing.missing)
app.command()(ledger.ledger)
app.command()(ledger.received)
app.command()(settings.settings)
app.command()(replay.replay)
app.command()(progress.rebuild)
app.add_typer(simulate.app, name="simulate")
app.add_typer(drill.app, name="drill")
app.add_typer(readings.app, name="readings")
app.add_typer(run_group.app, name="run")
app.add_typer(servers.app, name="servers")
app.add_typer(db.app, name="db")
app.add_typer(stations.app, name="stations")
app.add_typer(limits.app, name="limits")
app.add_typer(alerts.app, name="alerts")
app.add_typer(incidents.app, name="incidents")
app.add_typer(oncall.app, name="oncall")
app.add_typer(accounts.app, name="accounts")
app.add_typer(audit.app, name="audit")
app.add_typer(evidence.app, name="evidence")
app.add_typer(revisions.app, name="revisions")
app.add_typer(reports.app, name="report")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(forwarding.app, name="forwarding")
app.add_typer(export.app, name="export")
app.add_typer(progress.app, name="progress")
app.add_typer(models.app, name="models")
app.add_typer(dashboards.app, name="dashboards")

_SHOWN = 200
"""Characters of an argument that a sentence shows."""


def run() -> None:
    """Run the command line; an expected error is a sentence on stderr and exit status 1 (2 for a wrong setting)."""
    log_to_stderr()
    try:
        app()
    except QuantracError as exc:
        say(f"quantrac: {exc}", err=True)
        raise SystemExit(2 if isinstance(exc, SettingsError) else 1) from None
    except OSError as exc:
        if exc.filename is None:
            raise  # no file that somebody named
        say(f"quantrac: {str(exc.filename)[:_SHOWN]}: {exc.strerror}. Name a file that can be used.", err=True)
        raise SystemExit(1) from None
    except UnicodeEncodeError:
        strange = [a for a in sys.argv if a.encode(errors="replace") != a.encode(errors="surrogateescape")]
        if not strange:
            raise
        say(f"quantrac: {strange[0][:_SHOWN]} is not text in UTF-8: write it anew.", err=True)
        raise SystemExit(1) from None

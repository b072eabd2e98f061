"""The command ``quantrac``: one module per area, and one place where an error becomes a sentence."""

from __future__ import annotations

import sys

import typer

from commands import (
    alerts,
    dashboards,
    db,
    dead_letters,
    demo,
    doctor,
    limits,
    models,
    replay,
    reports,
    servers,
    settings,
    simulate,
    stations,
    status,
)
from commands import (
    run as run_group,
)
from quantrac.errors import QuantracError, SettingsError
from quantrac.telemetry import log_to_stderr

app = typer.Typer(
    name="quantrac",
    help="Real-time monitoring of industrial discharge: no reading is lost, every alert explains itself.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(status.status)
app.command()(doctor.doctor)
app.command()(settings.settings)
app.command()(simulate.simulate)
app.command()(replay.replay)
app.add_typer(run_group.app, name="run")
app.add_typer(servers.app, name="servers")
app.add_typer(db.app, name="db")
app.add_typer(stations.app, name="stations")
app.add_typer(limits.app, name="limits")
app.add_typer(alerts.app, name="alerts")
app.add_typer(reports.app, name="report")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(models.app, name="models")
app.add_typer(dashboards.app, name="dashboards")


def run() -> None:
    """Run the command line; an expected error is a sentence on stderr and exit status 1 (2 for a wrong setting)."""
    log_to_stderr()
    try:
        app()
    except QuantracError as exc:
        sys.stderr.write(f"quantrac: {exc}\n")
        raise SystemExit(2 if isinstance(exc, SettingsError) else 1) from None

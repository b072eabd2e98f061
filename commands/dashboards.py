"""``quantrac dashboards``: Grafana's data source and dashboards, through its API or as files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import say

if TYPE_CHECKING:
    from commands.context import Context

app = typer.Typer(help="Put the dashboards into Grafana.", no_args_is_help=True)


@app.command("provision")
def provision_() -> None:
    """Create or replace data source and dashboards of the Grafana that the settings name (grafana_url, grafana_token).

    Example: QUANTRAC_GRAFANA_URL=https://grafana.example QUANTRAC_GRAFANA_TOKEN=… quantrac dashboards provision
    """
    from commands.context import load_context
    from dashboards.catalogue import dashboards
    from dashboards.datasource import Datasource
    from dashboards.provisioning import provision
    from quantrac.errors import SettingsError

    context = load_context()
    url, token = context.settings.grafana_url, context.settings.grafana_token
    if url is None or token is None:
        raise SettingsError(
            "QUANTRAC_GRAFANA_URL and QUANTRAC_GRAFANA_TOKEN must both be set; without access to Grafana's API, "
            "`quantrac dashboards write DIR` writes files that it reads at its start."
        )
    datasource = Datasource.of_uri(_reader(context))
    for address in provision(url, token.get_secret_value(), datasource, dashboards(context.settings.web_url)):
        say(address)


@app.command("check")
def check_() -> None:
    """Hold every dashboard against the form that Grafana's makers publish; the exit status is 1 where one differs.

    Example: quantrac dashboards check
    """
    from dashboards.catalogue import dashboards
    from dashboards.check import SCHEMAS, check

    drawn = dashboards()
    found = check(drawn)
    for fault in found:
        say(fault)
    if found:
        raise typer.Exit(1)
    panels = sum(len(dashboard.panels) for dashboard in drawn)
    say(
        f"{len(drawn)} dashboards with {panels} panels are as the published schemas of Grafana {' and '.join(SCHEMAS)} "
        "have it."
    )


@app.command("write")
def write_(
    folder: Annotated[Path, typer.Argument(help="Folder that gets provisioning/ and dashboards/.")],
    password_file: Annotated[
        Path, typer.Option(help="Where Grafana finds the reader's password; it is not written into the files.")
    ] = Path("/run/secrets/reader_password"),
    dashboards_path: Annotated[
        Path | None, typer.Option(help="Where Grafana sees the dashboards folder; default: FOLDER/dashboards.")
    ] = None,
) -> None:
    """Write the files that Grafana reads at its start: data source, provider and dashboards.

    Example: quantrac dashboards write /etc/quantrac/grafana --password-file /etc/quantrac/reader_password
    """
    from commands.context import load_context
    from dashboards.catalogue import dashboards
    from dashboards.datasource import Datasource
    from dashboards.files import write_files

    context = load_context()
    files = write_files(
        folder,
        dashboards(context.settings.web_url),
        Datasource.of_uri(_reader(context)),
        password_file=PurePosixPath(password_file),
        dashboards_path=PurePosixPath(dashboards_path or (folder / "dashboards").absolute()),
    )
    for file in files:
        say(file)


def _reader(context: Context) -> str:
    """Return the reader's URL; another role's is never handed to Grafana, where everybody's queries would have it."""
    from quantrac.errors import SettingsError

    s = context.settings
    if s.database_reader_url is None and (s.database_writer_url or s.database_owner_url):
        raise SettingsError("QUANTRAC_DATABASE_READER_URL is not set; Grafana gets the reader's access and no other.")
    return context.database().reader

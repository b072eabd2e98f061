"""``quantrac servers``: the local Mosquitto, Kafka, TimescaleDB and mail catcher."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated

import typer

from commands.views import Column, print_table
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from local.servers import LocalServers

app = typer.Typer(help="Fetch, start and stop the local servers, for a machine that has none.", no_args_is_help=True)


@app.command()
def fetch() -> None:
    """Download the servers' programs into the cache folder; an interrupted download goes on where it was.

    Example: quantrac servers fetch
    """
    from local.servers.progress import bars_on_stderr

    servers = _servers()
    if servers.fetched:
        say("Everything is there already.")
        return
    with bars_on_stderr() as bars:
        servers.fetch(bars)
    say("Mosquitto, PostgreSQL with TimescaleDB and Kafka are ready to start.")


@app.command()
def start() -> None:
    """Start the local servers in the background; they run until `quantrac servers stop`.

    Example: quantrac servers start
    """
    from local.grafana import grafana_line
    from local.servers.progress import bars_on_stderr
    from quantrac.settings import load_settings

    servers = _servers()
    with bars_on_stderr() as bars:
        servers.start(bars)
    say(f"All servers run. Data, logs and passwords are in {servers.run_dir}.")
    say(grafana_line(servers, load_settings()))


@app.command()
def topics() -> None:
    """Create quantrac's Kafka topics where they are missing: on the local Kafka, or on the one of the settings.

    Example: QUANTRAC_KAFKA_REPLICATION=3 quantrac servers topics
    """
    from commands.context import load_context
    from local.servers import create_topics
    from quantrac.topics import MAX_MESSAGE_BYTES, kafka_topics

    context = load_context()
    s = context.settings
    made = create_topics(context.kafka(), kafka_topics(s.kafka_partitions, s.kafka_replication, MAX_MESSAGE_BYTES))
    say(f"Created: {', '.join(made)}." if made else "Every topic is there already.")


@app.command()
def stations() -> None:
    """Give every registered station its user and password at the local broker.

    Example: quantrac servers stations
    """
    from commands.context import load_context

    codes = {station.code for station in load_context().registry().stations}
    _servers().add_stations(codes)
    say(f"{len(codes)} stations may log in; their passwords are in secrets.json of the run folder.")


@app.command()
def files() -> None:
    """Start the local SFTP and FTP server in the background, with an account for every registered station.

    Example: quantrac servers files
    """
    from commands.context import load_context

    codes = {station.code for station in load_context().registry().stations}
    servers = _servers()
    for server in servers.file_servers:
        server.add_stations(codes)
        server.start()
    told = ", ".join(f"{server.name} on port {server.port}" for server in servers.file_servers)
    say(f"{told}; {len(codes)} stations write into {servers.file_servers[0].drop_folder}.")


@app.command()
def bridges(ids: Annotated[list[str], typer.Argument(metavar="ID...", help="bridge-2, bridge-3, ...")]) -> None:
    """Give more bridges their users at the local broker, named as their QUANTRAC_BRIDGE_ID; the first has its own.

    Example: quantrac servers bridges bridge-2
    """
    _servers().mosquitto.add_bridges(ids)
    say(f"{', '.join(ids)} may log in; their passwords are in secrets.json of the run folder.")


@app.command()
def rotate(code: Annotated[str, typer.Argument(metavar="CODE", help="A station, or a bridge's id.")]) -> None:
    """Give a user of the local broker another password and print it; for a bridge's the broker starts again.

    Example: quantrac servers rotate DT_KCNSADEC_NUOSXL
    """
    say(_servers().mosquitto.rotate(code))


@app.command()
def revoke(code: Annotated[str, typer.Argument(metavar="CODE", help="A station, or a bridge's id.")]) -> None:
    """Take away a user's password at the local broker and disconnect who uses it; the broker runs on.

    Example: quantrac servers revoke DT_KCNSADEC_NUOSXL
    """
    _servers().mosquitto.revoke(code)
    say(f"{code} cannot log in any more.")


@app.command()
def stop() -> None:
    """Stop the servers of the run folder, and no others. Their data stay.

    Refused while `quantrac up` or a demo runs on them: it would start them again.

    Example: quantrac servers stop
    """
    from local.alone import alone

    servers = _servers()
    with alone(servers.run_dir, patience_s=0.0):
        stopped = servers.stop_all()
    say(f"Stopped: {', '.join(stopped)}." if stopped else "No local server was running.")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """Show the local servers; the exit status is 1 unless all of them are healthy.

    Example: quantrac servers status --json
    """
    servers = _servers()
    rows = [
        {
            "server": server.name,
            "state": _state(running=server.pid is not None, healthy=server.pid is not None and server.is_healthy()),
            "pid": server.pid,
            "port": server.port if server.pid is not None else None,
            "log": str(server.log_path),
        }
        for server in servers.all
    ]
    if as_json:
        say_json(rows)
    else:
        print_table(_COLUMNS, rows)
    if any(row["state"] != "healthy" for row in rows):
        raise typer.Exit(1)


_COLUMNS: list[Column[Mapping[str, object]]] = [
    Column("server", itemgetter("server")),
    Column("state", itemgetter("state")),
    Column("process", itemgetter("pid"), "right"),
    Column("port", itemgetter("port"), "right"),
    Column("log", itemgetter("log")),
]


def _state(*, running: bool, healthy: bool) -> str:
    if healthy:
        return "healthy"
    return "no answer" if running else "stopped"


def _servers() -> LocalServers:
    from local.servers import LocalServers
    from quantrac.settings import load_settings

    settings = load_settings()
    return LocalServers(
        settings.run_dir, settings.cache_dir, mirror=settings.debian_mirror, java=settings.java, detached=True
    )

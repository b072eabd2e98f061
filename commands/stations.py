"""``quantrac stations``: the registry of stations, from TOML files to the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from quantrac.domain.stations import Registry, Station

app = typer.Typer(help="Describe the stations: check, import and list the registry.", no_args_is_help=True)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="TOML files, or folders of them. Without any: the sample province (an illustration)."),
]


@app.command("import")
def import_(paths: Paths = None) -> None:
    """Check TOML files and make them the registry of the database; running workers take it up by themselves.

    Example: quantrac stations import /etc/quantrac/stations
    """
    from alerts.effective_limits import effective_limits
    from commands.context import load_context
    from quantrac.registry import registry_sha256
    from sql.catalogue import import_registry

    registry = _read(paths)
    import_registry(load_context().database().owner, registry, registry_sha256(registry), effective_limits)
    typer.echo(_summary(registry) + " imported.")


@app.command()
def check(paths: Paths = None) -> None:
    """Check TOML files and change nothing; the first mistake is printed with its file and key, and exits non-zero.

    Example: quantrac stations check /etc/quantrac/stations
    """
    typer.echo(_summary(_read(paths)) + ": no mistake found.")


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List the stations in force today, as the database knows them.

    Example: quantrac stations list --json
    """
    from commands.context import load_context
    from quantrac.clock import SystemClock
    from sql.catalogue import load_registry

    registry = load_registry(load_context().database().writer)
    stations = list(registry.current(SystemClock().now()))
    if as_json:
        typer.echo(json.dumps([_document(s) for s in stations], ensure_ascii=False, indent=2))
    else:
        _print_table(stations)


def _read(paths: list[Path] | None) -> Registry:
    from quantrac.registry import load_registry, sample_province

    return load_registry(paths or [sample_province()])


def _summary(registry: Registry) -> str:
    codes = {s.code for s in registry.stations}
    sensors = sum(len(s.sensors) for s in registry.stations)
    invented = len({s.code for s in registry.stations if s.illustration})
    note = f", {invented} of them an illustration" if invented else ""
    return f"{len(codes)} stations in {len(registry.stations)} versions with {sensors} sensors{note}"


def _document(station: Station) -> dict[str, object]:
    return {
        "code": station.code,
        "effective_from": station.effective_from.isoformat(),
        "name_vi": station.name_vi,
        "name_en": station.name_en,
        "kind": station.kind.value,
        "park": station.park,
        "operator": station.operator,
        "longitude": station.longitude,
        "latitude": station.latitude,
        "old_codes": list(station.old_codes),
        "limit_set": station.limit_set,
        "kq": station.kq,
        "kf": station.kf,
        "permit_flow_m3_per_day": station.permit_flow_m3_per_day,
        "parameters": [s.parameter for s in station.sensors],
        "illustration": station.illustration,
    }


def _print_table(stations: list[Station]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Station", "Name", "Kind", "Limits", "Kq", "Kf", "Parameters", "Since")
    for s in stations:
        parameters = " ".join(sensor.parameter for sensor in s.sensors)
        kind = s.kind.value.replace("_", " ")
        row = (s.code, s.name_vi, kind, s.limit_set or "-", f"{s.kq:g}", f"{s.kf:g}", parameters, str(s.effective_from))
        table.add_row(*row)
    Console().print(table)
    if not stations:
        typer.echo("No station is registered yet. Import some: quantrac stations import PATH")

"""``quantrac limits``: limit sets and alert rules, from TOML files to the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from alerts.rules import Rule
    from quantrac.domain.limits import Limit, LimitSet

app = typer.Typer(help="Limits and alert rules: check, import and list them.", no_args_is_help=True)

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="TOML files of limit sets, or folders of them. Without any: the packaged ones."),
]
Rules = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules", help="TOML file of alert rules, or a folder. Without any: QUANTRAC_RULES_FILE, else the packaged."
    ),
]


@app.command()
def check(
    paths: Paths = None,
    rules: Rules = None,
    stations: Annotated[
        list[Path] | None, typer.Option("--stations", help="Stations to apply the limits to; default: the samples.")
    ] = None,
) -> None:
    """Check TOML files and whether every station's limits can be applied today; nothing is changed.

    Example: quantrac limits check /etc/quantrac/limits --stations /etc/quantrac/stations
    """
    from alerts.limits import check_limits
    from quantrac.clock import SystemClock
    from quantrac.domain.stations import VIETNAM
    from quantrac.registry import load_registry, sample_province

    limit_sets, alert_rules = _read(paths, rules)
    registry = load_registry(stations or [sample_province()])
    problems = check_limits(registry, limit_sets, SystemClock().now().astimezone(VIETNAM).date())
    for problem in problems:
        say(problem, err=True)
    if problems:
        raise typer.Exit(1)
    say(f"{_summary(limit_sets, alert_rules)}: no mistake found.")


@app.command("import")
def import_(paths: Paths = None, rules: Rules = None) -> None:
    """Check TOML files and write them to the database; running workers take them up by themselves.

    An import adds versions and replaces those of the same code and effective date; it never removes one.

    Example: quantrac limits import qcvn-40-2025.toml
    """
    from alerts.effective_limits import effective_limits
    from alerts.readable import rules_need
    from alerts.rules import document
    from commands.context import load_context
    from commands.readers import refuse_unreadable
    from sql.catalogue import RuleDocument, import_limit_sets, import_rules

    limit_sets, alert_rules = _read(paths, rules)
    if paths and not rules:
        alert_rules = ()
    if rules and not paths:
        limit_sets = ()
    owner = load_context().database().owner
    documents = [RuleDocument(rule.code, rule.effective_from, document(rule)) for rule in alert_rules]
    refuse_unreadable(owner, rules_need(d.document for d in documents))
    import_limit_sets(owner, limit_sets, effective_limits)
    import_rules(owner, documents)
    say(_summary(limit_sets, alert_rules) + " imported.")


@app.command("list")
def list_(
    station: Annotated[str | None, typer.Argument(help="Station: list the limits in force for it today.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of a table.")] = False,
) -> None:
    """List the limit sets of the database, or the limits that judge one station today.

    Example: quantrac limits list DT_KCNSADEC_NUOSXL --json
    """
    from commands.context import load_context
    from sql.catalogue import load_limit_sets

    context = load_context()
    limit_sets = load_limit_sets(context.database().reader)
    if station is None:
        _print_sets(limit_sets, as_json=as_json)
        return
    from alerts.limits import limit_for
    from quantrac.domain.stations import VIETNAM
    from quantrac.errors import RuleError

    now = context.clock.now()
    described = context.registry().station(station, now)
    if described is None:
        raise RuleError(f"The station {station!r} is not registered. `quantrac stations list` shows those that are.")
    day = now.astimezone(VIETNAM).date()
    limits = [limit_for(described, sensor.parameter, day, limit_sets) for sensor in described.sensors]
    _print_limits([limit for limit in limits if limit is not None], as_json=as_json)


def _read(paths: list[Path] | None, rules: list[Path] | None) -> tuple[tuple[LimitSet, ...], tuple[Rule, ...]]:
    from alerts.limits import load_limit_sets, packaged_limits
    from alerts.rules import load_rules, packaged_rules
    from commands.context import load_context

    ours = load_context().settings.rules_file or packaged_rules()
    return load_limit_sets(paths or [packaged_limits()]), load_rules(rules or [ours])


def _summary(limit_sets: tuple[LimitSet, ...], rules: tuple[Rule, ...]) -> str:
    values = sum(len(s.values) for s in limit_sets)
    return f"{len(limit_sets)} limit sets with {values} values and {len(rules)} alert rules"


def _print_sets(limit_sets: list[LimitSet], *, as_json: bool) -> None:
    from commands.views import Column, print_table

    if as_json:
        rows = [
            {
                "code": s.code,
                "title_vi": s.title_vi,
                "title_en": s.title_en,
                "effective_from": s.effective_from.isoformat(),
                "effective_to": None if s.effective_to is None else s.effective_to.isoformat(),
                "values": len(s.values),
            }
            for s in limit_sets
        ]
        say_json(rows, indent=2)
        return
    columns: tuple[Column[LimitSet], ...] = (
        Column("code", lambda s: s.code),
        Column("title", lambda s: s.title_vi),
        Column("from", lambda s: s.effective_from),
        Column("until", lambda s: s.effective_to),
        Column("values", lambda s: len(s.values) or "empty", "right"),
    )
    print_table(columns, limit_sets)
    if not limit_sets:
        say("No limit set is imported yet. Import the packaged ones: quantrac limits import")


def _print_limits(limits: list[Limit], *, as_json: bool) -> None:
    from dataclasses import asdict

    from commands.views import Column, print_table

    if as_json:
        say_json([asdict(limit) for limit in limits], indent=2)
        return
    columns: tuple[Column[Limit], ...] = (
        Column("parameter", lambda x: x.parameter),
        Column("minimum", lambda x: x.minimum, "right"),
        Column("maximum", lambda x: x.maximum, "right"),
        Column("unit", lambda x: x.unit),
        Column("source", lambda x: x.source),
    )
    print_table(columns, limits)
    if not limits:
        say("Nothing limits this station's parameters.")

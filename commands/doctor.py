"""``quantrac doctor``: looks at each setting and server, and says what to do about what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from pydantic import SecretStr

from commands import health
from commands.disk import free_bytes
from commands.findings import CheckError
from commands.reach import PATIENCE_S, Away, Server, advice, away
from quantrac.endpoints import DATABASE_ROLES, KafkaSecurity, SmtpSecurity
from quantrac.errors import QuantracError
from quantrac.settings import Settings
from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from commands.context import Context

OVERDUE = timedelta(minutes=2)
"""A notifier takes what is due within a second."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: what was seen, and for a failed one what to do next."""

    check: str
    ok: bool
    seen: str
    next: str = ""


class Check(NamedTuple):
    """One check: what looks, and which server it asks."""

    look: Callable[[Context], str]
    asks: Server | None = None


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array instead of text.")] = False,
    strict: Annotated[bool, typer.Option(help="Refuse plain text, and servers that nobody checks.")] = False,
) -> None:
    """Check settings, MQTT, Kafka, database, catalogue, models, mail and disk; exit 1 when anything is wrong.

    A server that does not answer is waited for once, and hides nothing of the others.

    Example: quantrac doctor
    """
    from commands.context import load_context

    context = load_context()
    checks = CHECKS | ({"encryption": Check(_encryption)} if strict else {})
    lost = away(context, tuple(Server))
    findings = [examine(name, check, context, lost) for name, check in checks.items()]
    if as_json:
        say_json([asdict(f) for f in findings])
    else:
        for f in findings:
            say(f"{'ok  ' if f.ok else 'FAIL'} {f.check:<10} {f.seen}", colour="green" if f.ok else "red")
            if f.next:
                say(f"     -> {f.next}")
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


def examine(name: str, check: Check, context: Context, lost: Away) -> Finding:
    """Run one check, unless it would ask a server that does not answer, and turn whatever it raises into a finding."""
    server = check.asks
    if server in lost:
        if name == server:
            return Finding(name, ok=False, seen=str(lost[server]), next=advice(server, lost[server]))
        return Finding(name, ok=False, seen=f"nothing is known of it: see {server}")
    try:
        return Finding(name, ok=True, seen=check.look(context))
    except CheckError as exc:
        return Finding(name, ok=False, seen=str(exc), next=exc.advice)
    except QuantracError as exc:
        return Finding(name, ok=False, seen=str(exc), next="Mend what the sentence names, then run doctor again.")


def _settings(context: Context) -> str:
    s = context.settings
    used = "local servers" if s.mqtt_host is None else f"MQTT at {s.mqtt_host}:{s.mqtt_port}"
    return f"valid; {used}; run folder {s.run_dir}"


def _mqtt(context: Context) -> str:
    from local.servers.mqtt_probe import can_log_in

    endpoint = context.mqtt_probe()
    if endpoint.password is None:
        return (
            f"{endpoint.host}:{endpoint.port} was not asked: doctor has no user of its own there "
            "(QUANTRAC_MQTT_PROBE_PASSWORD), and the bridge's would end the bridge's session"
        )
    if not can_log_in(endpoint, PATIENCE_S):
        raise CheckError(
            f"{endpoint.host}:{endpoint.port} does not let the user {endpoint.user!r} in",
            "Is it running, is its certificate's authority QUANTRAC_MQTT_CA_FILE, are user and password right?",
        )
    denied = _denied(context)
    if denied:
        (user, topic), count = denied.most_common(1)[0]
        raise CheckError(
            f"{denied.total()} messages were denied, most of {user!r} to {topic!r} ({count})",
            "A logger publishes under another name than its user's: correct the topic or the user of the logger.",
        )
    tls = "TLS" if endpoint.encrypted else "WITHOUT TLS"
    return f"{endpoint.host}:{endpoint.port} lets {endpoint.user} in, {tls}"


def _denied(context: Context) -> Counter[tuple[str, str]]:
    """Return whom the local broker denied which topics; of another broker nothing is known."""
    from local.servers.denials import denials

    return denials(context.settings.run_dir) if context.settings.mqtt_host is None else Counter()


def _kafka(context: Context) -> str:
    from quantrac.topics import DEAD_LETTERS, RAW, READINGS
    from streams.app import GROUP
    from streams.lag import LagProbe

    endpoint = context.kafka()
    missing = []
    partitions = 0
    for topic in (RAW, READINGS, DEAD_LETTERS):
        with LagProbe(endpoint, GROUP, topic, patience_s=PATIENCE_S) as probe:
            ends = probe.ends()
        if topic == RAW:
            partitions = len(ends)
        if not ends:
            missing.append(topic)
    if missing:
        raise CheckError(
            f"{endpoint.bootstrap} answers, but has no topic {', '.join(missing)}",
            "Create them: quantrac servers topics",
        )
    return f"{endpoint.bootstrap} ({endpoint.security.value}), {RAW} has {partitions} partitions"


def _database(context: Context) -> str:
    from sql.runner import migrations, pending

    todo = pending(context.database().reader)
    if todo:
        raise CheckError(f"answers, but {len(todo)} migrations are pending", "Apply them: quantrac db migrate")
    return f"answers; schema is up to date ({len(migrations())} migrations)"


def _stations(context: Context) -> str:
    registry = context.registry()
    if not registry.stations:
        raise CheckError("the registry is empty", "Import stations: quantrac stations import FILES")
    return f"{len({s.code for s in registry.stations})} stations, registry version {registry.version}"


def _limits(context: Context) -> str:
    from alerts.limits import check_limits
    from alerts.rules import load_rules as read_rules
    from alerts.rules import of_another_version, packaged_rules, pages_for_faults, parse_rules
    from quantrac.domain.stations import VIETNAM
    from sql.catalogue import load_limit_sets, load_rules

    reader = context.database().reader
    sets, rules = load_limit_sets(reader), load_rules(reader)
    if not sets or not rules:
        raise CheckError(f"{len(sets)} limit sets, {len(rules)} alert rules", "Import them: quantrac limits import")
    today, stored = context.clock.now().astimezone(VIETNAM).date(), parse_rules([rule.document for rule in rules])
    untold = pages_for_faults(stored, today)
    if untold:
        raise CheckError(
            f"alert rule {untold[0]} pages for broken probes too: it does not ask what the model takes an alarm for",
            "Import the rules of this version: quantrac limits import; or give its paging step a `pollution`.",
        )
    missing, other = of_another_version(stored, read_rules([context.settings.rules_file or packaged_rules()]))
    if missing:
        raise CheckError(
            f"of the alert rules of this version {', '.join(missing)} are not here: nobody watches what they watch",
            "Import them: quantrac limits import. One that is not wanted has a version with `enabled = false`.",
        )
    problems = check_limits(context.registry(), sets, today)
    if problems:
        raise CheckError(problems[0], f"{len(problems)} such stations; correct them and import again.")
    differs = f"; not as this version has them: {', '.join(other)}" if other else ""
    return f"{len(sets)} limit sets, {len(rules)} alert rules; every station has its limits{differs}"


def _models(context: Context) -> str:
    from models.artefacts.store import ArtefactStore
    from sql.reports import Reports

    active, shadows = ArtefactStore(context.models_dir).chosen()
    with Reports(context.database().reader) as reports:
        lines = reports.station_models()
    troubled = [line for line in lines if line.problem is not None]
    if troubled:
        first = troubled[0]
        raise CheckError(
            f"{len(troubled)} of {len(lines)} stations have no full model; {first.station}: {first.problem}",
            "Limits judge on. Restore or roll back a refused artefact (quantrac models list, rollback); a model that "
            "failed on a row is tried again within ten minutes, and the worker's log has the traceback.",
        )
    return f"{len(lines)} stations scored; {len(active)} active artefacts, {len(shadows)} shadows"


def _mail(context: Context) -> str:
    from alerts.notifiers.email import probe

    endpoint = context.smtp()
    probe(endpoint, PATIENCE_S)
    return f"{endpoint.host}:{endpoint.port} ({endpoint.security.value}) takes mail from {endpoint.sender}"


def _encryption(context: Context) -> str:
    """Look at every connection that the settings name: local servers have none that is plain text."""
    plain = list(plain_connections(context.settings))
    if plain:
        raise CheckError(
            f"plain text, or a server that nobody checks: {'; '.join(plain)}",
            "TLS for each, with its certificate checked; then run doctor --strict again.",
        )
    return "every connection that the settings name is TLS, with the server's certificate checked"


def plain_connections(s: Settings) -> Iterator[str]:
    """Yield the connections of the settings that are not TLS with a checked certificate, with what makes them so."""
    if s.mqtt_host is not None and not (s.mqtt_tls or s.mqtt_ca_file):
        yield "MQTT (QUANTRAC_MQTT_TLS)"
    if s.kafka_bootstrap is not None and s.kafka_security not in (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL):
        yield f"Kafka (QUANTRAC_KAFKA_SECURITY={s.kafka_security.value})"
    for role in DATABASE_ROLES:
        url: SecretStr | None = getattr(s, f"database_{role}_url")
        if url is not None and "sslmode=verify-full" not in url.get_secret_value():
            yield f"the database (QUANTRAC_DATABASE_{role.upper()}_URL without sslmode=verify-full)"
    if s.smtp_host is not None and s.smtp_security is SmtpSecurity.NONE:
        yield "mail (QUANTRAC_SMTP_SECURITY=none)"
    if s.grafana_url is not None and not s.grafana_url.startswith("https://"):
        yield "Grafana (QUANTRAC_GRAFANA_URL without https)"
    yield from _plain_webhooks(s)


def _plain_webhooks(s: Settings) -> Iterator[str]:
    from alerts.targets import load_targets

    if s.webhooks_file is not None:
        for name, target in load_targets(s.webhooks_file).items():
            url = target if isinstance(target, str) else target.url
            scheme = url.split("://", 1)[0].lower()
            if scheme in {"http", "json", "xml", "form", "mqtt", "mailto", "ws", "apprise", "matrix", "gotify", "ntfy"}:
                yield f"the webhook {name!r} ({scheme}://)"


def _disk(context: Context) -> str:
    from alerts.system_faults import LEAST_FREE_BYTES

    run_dir = context.settings.run_dir
    free = free_bytes(run_dir)
    if free < LEAST_FREE_BYTES:
        raise CheckError(f"only {free / 1e9:.1f} GB free at {run_dir}", "Free some space, or set QUANTRAC_RUN_DIR.")
    return f"{free / 1e9:.0f} GB free at {run_dir}"


def _operators(context: Context) -> str:
    """Say who is told of the faults that doctor finds, when nobody runs doctor."""
    s = context.settings
    monitor = "" if s.heartbeat_url is not None else "; nor does a monitor outside (QUANTRAC_HEARTBEAT_URL is empty)"
    if not s.admin_mail_to:
        return f"nobody is mailed of faults of the system itself: QUANTRAC_ADMIN_MAIL_TO is empty{monitor}"
    return f"the notifier mails faults of the system itself to {', '.join(s.admin_mail_to)}"


def _processes(context: Context) -> str:
    from local.running import missing, running

    here = list(running(context.settings, context.clock.now()))
    lost = missing(here)
    if lost:
        raise CheckError(
            f"{', '.join(lost)} of this installation does not run on this machine, others do",
            f"Start it: quantrac run {lost[0]}; unless it runs on another machine.",
        )
    kinds = sorted({line.name for line in here})
    return f"{', '.join(kinds)} run here" if kinds else "none of this installation runs here"


def _workers(context: Context) -> str:
    from quantrac.topics import RAW
    from streams.app import GROUP
    from streams.lag import LagProbe

    with LagProbe(context.kafka(), GROUP, RAW, patience_s=PATIENCE_S) as probe:
        waiting, members, ever_came = sum(probe.waiting().values()), probe.members(), any(probe.ends().values())
    if waiting and not members:
        raise CheckError(f"{waiting} records wait in Kafka, and no worker takes them", "Start one: quantrac run worker")
    if not members and ever_came:
        raise CheckError(
            "no worker runs, here or elsewhere: what comes is not stored, and no silence is noticed",
            "Start one: quantrac run worker",
        )
    return f"{members} in the group, {waiting} records wait"


def _delivery(context: Context) -> str:
    from quantrac.domain.words import local_time
    from sql.reports import Reports

    now = context.clock.now()
    with Reports(context.database().reader) as reports:
        totals, since = reports.status(now), reports.outbox_waiting_since()
    if since is not None and now - since > OVERDUE:
        raise CheckError(
            f"{totals.notifications_waiting} notifications wait, the oldest due since {local_time(since)}: "
            "nobody delivers them",
            "Is a notifier running (quantrac run notifier)? Its log says what it waits for.",
        )
    return f"{totals.notifications_waiting} notifications wait, {totals.notifications_given_up} were given up"


CHECKS: dict[str, Check] = {
    "settings": Check(_settings),
    "disk": Check(_disk),
    "mqtt": Check(_mqtt, Server.MQTT),
    "kafka": Check(_kafka, Server.KAFKA),
    "database": Check(_database, Server.DATABASE),
    "stations": Check(_stations, Server.DATABASE),
    "limits": Check(_limits, Server.DATABASE),
    "models": Check(_models, Server.DATABASE),
    "mail": Check(_mail, Server.MAIL),
    "operators": Check(_operators),
    "processes": Check(_processes),
    "workers": Check(_workers, Server.KAFKA),
    "hearing": Check(health.hearing, Server.DATABASE),
    "clock": Check(health.clock, Server.DATABASE),
    "raw log": Check(health.raw_log, Server.DATABASE),
    "floods": Check(health.floods, Server.DATABASE),
    "judging": Check(health.judging, Server.DATABASE),
    "incidents": Check(health.incidents, Server.DATABASE),
    "delivery": Check(_delivery, Server.DATABASE),
}

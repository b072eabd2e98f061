"""Making the local stage ready: servers, topics, schema, stations, limits, rules. For the demo and the benchmark."""

from __future__ import annotations

from pathlib import Path

from local.servers import LocalServers, create_topics
from local.servers.progress import Progress
from quantrac.domain.stations import Registry
from quantrac.errors import SettingsError
from quantrac.settings import PREFIX, Settings
from quantrac.topics import MAX_MESSAGE_BYTES, kafka_topics

_SERVER_SETTINGS = ("mqtt_host", "kafka_bootstrap", "database_owner_url", "database_writer_url", "smtp_host")


def refuse_configured_servers(settings: Settings) -> None:
    """Keep a demonstration away from real servers.

    Raises
    ------
    SettingsError
        A setting names a server.
    """
    for name in _SERVER_SETTINGS:
        if getattr(settings, name) is not None:
            raise SettingsError(
                f"{PREFIX}{name.upper()} names a server, but the demo injects pollution: local servers only. "
                "Unset it, or start the parts one by one (docs/operations.md)."
            )


def local_servers(settings: Settings, run_dir: Path | None = None, *, detached: bool = False) -> LocalServers:
    """Return the local servers that the settings describe, not started."""
    return LocalServers(
        run_dir or settings.run_dir, settings.cache_dir, mirror=settings.debian_mirror, detached=detached
    )


def prepare(servers: LocalServers, settings: Settings, registry: Registry, progress: Progress) -> None:
    """Create topics, migrate, import stations, limits and rules, give the stations their users at the broker.

    The servers run. Everything may be there already; then nothing changes.
    """
    from alerts.effective_limits import effective_limits
    from alerts.limits import load_limit_sets, packaged_limits
    from alerts.rules import document, load_rules, packaged_rules
    from quantrac.registry import registry_sha256
    from sql.catalogue import RuleDocument, import_limit_sets, import_registry, import_rules
    from sql.runner import migrate

    steps = 5
    progress.advance_to("Preparing data", 0, steps)
    create_topics(
        servers.kafka(), kafka_topics(settings.kafka_partitions, settings.kafka_replication, MAX_MESSAGE_BYTES)
    )
    progress.advance_to("Preparing data", 1, steps)
    owner = servers.database().owner
    migrate(owner)
    progress.advance_to("Preparing data", 2, steps)
    import_registry(owner, registry, registry_sha256(registry), effective_limits)
    progress.advance_to("Preparing data", 3, steps)
    import_limit_sets(owner, load_limit_sets([packaged_limits()]), effective_limits)
    rules = load_rules([settings.rules_file or packaged_rules()])
    import_rules(owner, [RuleDocument(rule.code, rule.effective_from, document(rule)) for rule in rules])
    progress.advance_to("Preparing data", 4, steps)
    servers.add_stations({station.code for station in registry.stations})
    progress.advance_to("Preparing data", steps, steps)

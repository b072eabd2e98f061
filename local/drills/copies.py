"""Drills on a running system: marked copies of its stations, apart from the real ones in every table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alerts.effective_limits import effective_limits
from quantrac.domain.stations import Registry, Station, drill_copy
from quantrac.registry import accelerated, registry_sha256
from quantrac.settings import Settings
from sql.catalogue import import_registry


def prepare_drill(
    owner: str, settings: Settings, stations: Iterable[Station], *, speed: float = 1.0, to: Iterable[str] = ()
) -> list[Station]:
    """Register the drill copies of stations, give them users at a local broker, and return them.

    At another speed than 1 the copies live so much faster: their cadences and quality windows are registered for it.
    ``to`` are the addresses of a test channel, which then gets every message of the copies, and nobody else any.
    At a broker of one's own an administrator gives the copies users and passwords
    (``QUANTRAC_MQTT_STATION_PASSWORDS``). Running workers know them within half a minute.

    Raises
    ------
    StoreError
        The database is out of reach, or ``owner`` may not import stations.
    ServerError
        The local broker does not take up the users.
    """
    contacts = tuple(to)
    registry = Registry(tuple(replace(drill_copy(station), contacts=contacts) for station in stations))
    if speed != 1.0:
        registry = accelerated(registry, speed)
    copies = list(registry.stations)
    import_registry(owner, registry, registry_sha256(registry), effective_limits)
    if settings.mqtt_host is None:
        from local.prepare import local_servers  # what starting servers imports is needed for a local broker alone

        local_servers(settings).add_stations([copy.code for copy in copies])
    return copies

"""Drills on a running system: marked copies of its stations, apart from the real ones in every table."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.effective_limits import effective_limits
from quantrac.domain.stations import Registry, Station, drill_copy
from quantrac.registry import registry_sha256
from quantrac.settings import Settings
from sql.catalogue import import_registry


def prepare_drill(owner: str, settings: Settings, stations: Iterable[Station]) -> list[Station]:
    """Register the drill copies of stations, give them users at a local broker, and return them.

    At a broker of one's own an administrator gives the copies users and passwords
    (``QUANTRAC_MQTT_STATION_PASSWORDS``). Running workers know them within half a minute.

    Raises
    ------
    StoreError
        The database is out of reach, or ``owner`` may not import stations.
    ServerError
        The local broker does not take up the users.
    """
    copies = [drill_copy(station) for station in stations]
    registry = Registry(tuple(copies))
    import_registry(owner, registry, registry_sha256(registry), effective_limits)
    if settings.mqtt_host is None:
        from local.prepare import local_servers  # what starting servers imports is needed for a local broker alone

        local_servers(settings).add_stations([copy.code for copy in copies])
    return copies

"""Who and which: the officer that ``--by`` names, and the station that an argument names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quantrac.domain.stations import Registry, Station


def named(value: str) -> str:
    """Return an officer's name without blanks around it.

    Raises
    ------
    SettingsError
        There is none: what nobody has done can be asked of nobody.
    """
    from quantrac.errors import SettingsError

    if not value.strip():
        raise SettingsError('--by is empty: name who does it, such as --by "Nguyễn Văn A"; it stands in the audit.')
    return value.strip()


def require_sensor(registry: Registry, code: str, parameter: str) -> None:
    """Refuse a parameter that a station does not measure.

    Raises
    ------
    QuantracError
        It does not, or no station has the code.
    """
    from quantrac.errors import QuantracError

    station = known_station(registry, code)
    if parameter not in station.sensor_of:
        measured = ", ".join(station.sensor_of)
        raise QuantracError(f"{station.code} does not measure {parameter!r}; it measures {measured}.")


def known_station(registry: Registry, code: str) -> Station:
    """Return the newest description of a station.

    Raises
    ------
    QuantracError
        No station has the code; the sentence says which is near.
    """
    from quantrac.errors import QuantracError
    from reports.period import unknown_station

    found = registry.newest(code)
    if found is None:
        raise QuantracError(unknown_station(registry, code))
    return found

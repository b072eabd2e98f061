"""One payload by every description of its station that was in force at its instants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ingest.payloads.decoded import Decoded, InstantBounds
from quantrac.domain.stations import Registry, Station, midnight


@dataclass(frozen=True, slots=True)
class ByVersion:
    """What a payload says, each of its instants read by the version in force then."""

    decoded: Decoded
    """All of it; ``elsewhere`` has the instants at which the station is retired."""
    versions: tuple[Station, ...]
    """Those that read something of it, oldest first; the one in force at receipt where none did."""


def version_at(versions: Sequence[Station], observed_at: datetime) -> Station:
    """Return which of some versions, oldest first, was in force at an instant that one of them read."""
    later = (v for v in versions[:0:-1] if midnight(v.effective_from) <= observed_at)
    return next(later, versions[0])


def by_version(
    registry: Registry,
    code: str,
    station: Station,
    bounds: InstantBounds,
    decode: Callable[[Station, InstantBounds], Decoded],
) -> ByVersion:
    """Return what a payload says; ``station`` is the version in force at receipt, or the newest.

    A station's file may hold lines of both sides of a midnight at which its description changed.
    """

    def read(version: Station) -> Decoded:
        since, until = registry.span(code, version)
        within = bounds if since is until is None else replace(bounds, since=since, until=until)
        return decode(registry.readable(version), within)

    first = read(station)
    if not first.elsewhere:
        return ByVersion(first, (station,))
    others = {id(v): v for v in (registry.station(code, at) for at in first.elsewhere) if v is not None}
    parts = [(v, read(v)) for v in others.values()]
    if first.readings or first.rejected or not parts:
        parts.append((station, first))
    parts.sort(key=lambda part: part[0].effective_from)
    retired = frozenset(at for at in first.elsewhere if registry.station(code, at) is None)
    return ByVersion(_together(first, [d for _, d in parts], retired), tuple(v for v, _ in parts))


def _together(first: Decoded, parts: Sequence[Decoded], retired: frozenset[datetime]) -> Decoded:
    return replace(
        first,
        readings=tuple(r for part in parts for r in part.readings),
        # What has no instant that can be read is refused by each of them alike.
        rejected=tuple(dict.fromkeys(r for part in parts for r in part.rejected)),
        observed_at=max((part.observed_at for part in parts if part.observed_at is not None), default=None),
        elsewhere=retired,
    )

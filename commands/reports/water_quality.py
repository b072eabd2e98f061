"""The water quality index of the hot spots, computed where their findings changed and stored for everybody."""

from __future__ import annotations

from datetime import datetime, timedelta

from quantrac.domain.stations import Registry, StationKind
from reports.facts import ReportOptions
from reports.tables.water_quality import takes
from reports.wqi import vn_wqi
from sql.wqi_store import DueIndex, StoredIndex, refresh_indices

_BACK = timedelta(days=62)
"""A logger re-sends up to 60 days; older hours do not change."""


def refresh(writer_conninfo: str, registry: Registry, now: datetime, options: ReportOptions) -> int:
    """Compute the index of hours and days of the last two months whose findings changed; return how many.

    Raises
    ------
    StoreError
        The database is out of reach or not migrated.
    """
    hot_spots = [s.code for s in registry.current(now) if s.kind is StationKind.SURFACE_WATER]

    def compute(due: DueIndex) -> StoredIndex:
        station = registry.station(due.station, due.start)
        units = {} if station is None else {s.parameter: s.unit for s in station.sensors}
        means = {
            parameter: mean
            for parameter, mean, usable, expected in due.means
            if mean is not None
            and usable >= options.minimum_completeness * expected
            and parameter in units
            and takes(parameter, units[parameter])
        }
        index = vn_wqi(means, options.least_wqi_groups)
        return StoredIndex(index.value, index.reason_vi, tuple(index.indices))

    return refresh_indices(writer_conninfo, hot_spots, now - _BACK, compute)

"""Stations, limits and rules as the database has them, held by a worker and loaded anew when an import changed them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.engine import StationAlerts
from alerts.limits import check_limits, limit_for
from alerts.rules import Rule, parse_rules
from quantrac.clock import Clock
from quantrac.domain.alerts import OpenAlert
from quantrac.domain.limits import LimitSet
from quantrac.domain.stations import VIETNAM, Registry, Station
from quantrac.errors import RuleError
from quantrac.telemetry import get_logger
from sql.catalogue import limits_stored, load_limit_sets, load_registry, load_rules, registry_version

_log = get_logger(__name__)
RELOAD_AFTER = timedelta(seconds=30)
"""An import takes effect within this time, without a restart."""
RENEW_AFTER = timedelta(seconds=1)
"""How old the catalogue may be when something is refused for what it does not know."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What decides how readings are understood and judged. ``version`` changes whenever anything of it does."""

    version: int
    registry: Registry
    limit_sets: tuple[LimitSet, ...]
    rules: tuple[Rule, ...]

    def alerts_of(
        self, station: Station, snapshot: bytes | None, open_alerts: Iterable[OpenAlert] | None = None
    ) -> StationAlerts:
        """Return a station's alert engine: what is open from the table, the rest from a snapshot, or new."""
        alerts = StationAlerts(station, self.rules, self.limit_sets, snapshot, open_alerts)
        if snapshot is not None and not alerts.restored:
            _log.warning("alert_state_of_other_version", station=station.code)
        return alerts

    def upper_limits(self, station: Station, now: datetime) -> dict[str, float]:
        """Return the upper limits of a station's parameters that have one today; without those that do not apply."""
        day = now.astimezone(VIETNAM).date()
        limits = {}
        for parameter in station.sensor_of:
            try:
                limit = limit_for(station, parameter, day, self.limit_sets)
            except RuleError:  # ``problems`` tells of it
                continue
            if limit is not None and limit.maximum is not None:
                limits[parameter] = limit.maximum
        return limits

    def problems(self, now: datetime) -> list[str]:
        """Return a sentence for every station whose limits cannot be applied: it is not judged by readings."""
        return check_limits(self.registry, self.limit_sets, now.astimezone(VIETNAM).date())


class CatalogueCache:
    """The catalogue in force, for one thread."""

    def __init__(self, conninfo: str, clock: Clock) -> None:
        self._conninfo, self._clock = conninfo, clock
        self._held: Catalogue | None = None
        self._checked_s = self._renewed_s = 0.0
        self._limits_stored = -1

    def current(self) -> Catalogue:
        """Return the catalogue, loaded at most ``RELOAD_AFTER`` ago.

        Raises
        ------
        StoreError
            The database is away.
        RuleError
            A rule cannot be read, and none were loaded before.
        """
        now_s = self._clock.monotonic_s()
        if self._held is None or now_s - self._checked_s >= RELOAD_AFTER.total_seconds():
            self._held = self._loaded(self._held)
            self._checked_s = self._renewed_s = now_s
        return self._held

    def renewed(self) -> Catalogue:
        """Return the catalogue, with every import of stations until ``RENEW_AFTER`` ago.

        Raises
        ------
        StoreError
            The database is away.
        """
        held, now_s = self.current(), self._clock.monotonic_s()
        if now_s - self._renewed_s >= RENEW_AFTER.total_seconds():
            if registry_version(self._conninfo) != held.registry.version:
                self._held = held = self._loaded(held)
            self._renewed_s = now_s
        return held

    def standing(self, stored: int) -> Catalogue:
        """Return the catalogue that the database holds still for a transaction (``BucketStore.hold_catalogue``).

        Raises
        ------
        StoreError
            The database is away.
        """
        held = self.current()
        if self._limits_stored != stored:
            self._held = held = self._loaded(held)
        return held

    def _loaded(self, before: Catalogue | None) -> Catalogue:
        stored = limits_stored(self._conninfo)
        registry = load_registry(self._conninfo)
        limit_sets = tuple(load_limit_sets(self._conninfo))
        documents: Sequence[dict[str, object]] = [rule.document for rule in load_rules(self._conninfo)]
        try:
            rules = parse_rules(documents)
        except RuleError as exc:
            if before is None:
                raise  # without rules everything would be judged, and nobody told of anything
            _log.error("rules_refused", error=str(exc), next="the rules that were loaded before go on; import it again")
            rules = before.rules
        self._limits_stored = stored
        if before is not None and (before.registry, before.limit_sets, before.rules) == (registry, limit_sets, rules):
            return before
        _log.info("catalogue_loaded", stations=len(registry.stations), limit_sets=len(limit_sets), rules=len(rules))
        found = Catalogue(0 if before is None else before.version + 1, registry, limit_sets, rules)
        for problem in found.problems(self._clock.now()):
            _log.warning("limit_not_applied", problem=problem)
        return found

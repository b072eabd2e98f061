"""Stations, limits and rules as the database has them, held by a worker and loaded anew when an import changed them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from alerts.limits import limit_for
from alerts.rules import Rule, parse_rules
from quantrac.domain.limits import Limit, LimitSet
from quantrac.domain.stations import Registry, Station

"""What every chart over time shows beside its lines."""

from __future__ import annotations

from dashboards import words
from dashboards.grafana import Annotation
from dashboards.queries import query


def incidents() -> Annotation:
    """Return the incidents of the chosen stations, as regions."""
    return Annotation("Sự cố", query("annotation_incidents"), words.INCIDENT)


def station_incidents() -> Annotation:
    """Return the incidents of the one chosen station."""
    return Annotation("Sự cố", query("annotation_station_incidents"), words.INCIDENT)


def alerts() -> Annotation:
    """Return the high and critical alerts of the one chosen station."""
    return Annotation("Cảnh báo", query("annotation_alerts"), words.EXCEED)


def calibrations() -> Annotation:
    """Return when the logger of the one chosen station said that it calibrates or is maintained."""
    return Annotation("Hiệu chuẩn", query("annotation_calibrations"), words.ADJUSTING)


def park_incidents() -> Annotation:
    """Return the incidents of the chosen park's stations."""
    return Annotation("Sự cố", query("annotation_park_incidents"), words.INCIDENT)

"""Turns what a model has learnt into plain values, arrays and scikit-learn estimators, and back.

An artefact may hold trusted types only, and our own classes are none: a dataclass, named tuple or enumeration is stored
as its fields or its value under a name of its own, which stays when the class is moved or renamed. Only classes that
have such a name are stored, and only they are built.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any

import numpy as np

from models.errors import ModelError

PLACES: Mapping[str, tuple[str, str]] = {
    "pipeline": ("models.pipeline.pipeline", "Fitted"),
    "configuration": ("models.pipeline.configs", "PipelineConfig"),
    "features": ("models.features.table", "FeatureConfig"),
    "baseline": ("models.features.baseline", "BaselineConfig"),
    "cross_sensor": ("models.features.cross", "CrossConfig"),
    "second_stage": ("models.pipeline.second_stage", "SecondStage"),
    "forest": ("models.pipeline.forest", "Forest"),
    "range_rules": ("models.evaluation.baselines.range_rules", "RangeRulesBaseline"),
}
"""The name under which a class is stored, for ever, and its module and name today. Who moves a class changes its place
here; a name that stands in an artefact is never given to another class."""

_TYPE = "__type__"
_ANEW = "train it anew with `quantrac models train`, a station's own with `quantrac models retrain`"
_PLAIN = (str, int, float, bool, bytes, type(None), np.ndarray, np.generic)
_SEQUENCES: dict[str, type] = {"tuple": tuple, "set": set, "frozenset": frozenset}
_NAMES = {place: name for name, place in PLACES.items()}


def pack(thing: Any) -> Any:
    """Return plain values for objects (nested) of classes with a stored name. Raises ModelError for any other."""
    kind = type(thing)
    if isinstance(thing, Enum):
        return {_TYPE: _name(kind), "value": thing.value}
    if isinstance(thing, _PLAIN) or _is_estimator(thing):
        return thing
    if isinstance(thing, list):
        return [pack(item) for item in thing]
    if isinstance(thing, dict):
        return {_TYPE: "dict", "items": [[pack(key), pack(value)] for key, value in thing.items()]}
    if kind.__name__ in _SEQUENCES and kind is _SEQUENCES[kind.__name__]:
        return {_TYPE: kind.__name__, "items": [pack(item) for item in thing]}
    return {_TYPE: _name(kind), "fields": {name: pack(getattr(thing, name)) for name in _field_names(kind)}}


def unpack(plain: Any) -> Any:
    """Return what was packed. Raises ModelError for what this program cannot build, and for types of others."""
    if isinstance(plain, list):
        return [unpack(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    name = plain.get(_TYPE)
    try:
        if name == "dict":
            return {unpack(key): unpack(value) for key, value in plain["items"]}
        if name in _SEQUENCES:
            return _SEQUENCES[name](unpack(item) for item in plain["items"])
        built = _type_named(str(name))
        if issubclass(built, Enum):
            return built(plain["value"])
        return built(**{key: unpack(value) for key, value in plain["fields"].items()})
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise ModelError(
            f"the class stored as {name!r} has changed since the model was stored ({exc}): {_ANEW}"
        ) from exc


def _field_names(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass or a named tuple; none for other types."""
    if is_dataclass(kind):
        return tuple(f.name for f in fields(kind) if f.init)
    return tuple(getattr(kind, "_fields", ()))


def _is_estimator(thing: Any) -> bool:
    base = sys.modules.get("sklearn.base")  # not imported yet: nothing can be one
    return base is not None and isinstance(thing, base.BaseEstimator)


def _name(kind: type) -> str:
    name = _NAMES.get((kind.__module__, kind.__qualname__))
    if name is None:
        raise ModelError(
            f"a model that holds {kind.__module__}:{kind.__qualname__} cannot be stored: the class has no stored name "
            "in models.artefacts.packing"
        )
    return name


def _type_named(name: str) -> type:
    place = PLACES.get(name)
    if place is None:
        raise ModelError(f"the artefact names {name!r}, which this program does not have: {_ANEW}")
    found: type = getattr(import_module(place[0]), place[1])
    return found

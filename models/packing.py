"""Turns what a model has learnt into plain values, arrays and scikit-learn estimators, and back.

An artefact may hold trusted types only, and our own classes are none: a dataclass or named tuple of this package is
stored as its fields under the name of its class, and only such a class (or an enumeration) is built from a name.
"""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import import_module
from typing import Any

import numpy as np

from models.errors import ModelError

_TYPE = "__type__"
_PACKAGE = "models."
_PLAIN = (str, int, float, bool, bytes, type(None), np.ndarray, np.generic)
_SEQUENCES: dict[str, type] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def pack(thing: Any) -> Any:
    """Return plain values for a dataclass of this package (nested). Raises ModelError for any other object."""
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
    names = _field_names(kind)
    if names and kind.__module__.startswith(_PACKAGE):
        return {_TYPE: _name(kind), "fields": {name: pack(getattr(thing, name)) for name in names}}
    raise ModelError(f"a model that holds {_name(kind)} cannot be stored: only dataclasses of the models can")


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
        built = _type_named(name)
        if issubclass(built, Enum):
            return built(plain["value"])
        return built(**{key: unpack(value) for key, value in plain["fields"].items()})
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise ModelError(f"{name} has changed since the model was stored ({exc}): train it anew") from exc


def _field_names(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass or a named tuple; none for other types."""
    if is_dataclass(kind):
        return tuple(f.name for f in fields(kind) if f.init)
    return tuple(getattr(kind, "_fields", ()))


def _is_estimator(thing: Any) -> bool:
    base = sys.modules.get("sklearn.base")  # not imported yet: nothing can be one
    return base is not None and isinstance(thing, base.BaseEstimator)


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _type_named(name: object) -> type:
    module, _, qualname = str(name).partition(":")
    found: Any = None
    if module.startswith(_PACKAGE) and qualname.isidentifier():
        try:
            found = getattr(import_module(module), qualname, None)
        except ModuleNotFoundError:
            found = None
    if not isinstance(found, type) or not (_field_names(found) or issubclass(found, Enum)):
        raise ModelError(f"the artefact names {name!r}, which this program does not have: train it anew")
    return found

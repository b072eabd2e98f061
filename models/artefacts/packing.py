"""Turns what a pipeline has learnt into plain values and arrays, and back.

An artefact may hold trusted types only, and our own classes are none: a dataclass or named tuple is stored as its
fields under a name of its own, which stays when the class is moved or renamed. Only classes that have such a name are
stored, and only they are built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from models.errors import ModelError
from models.pipeline.configs import PipelineConfig
from models.pipeline.forest import Forest
from models.pipeline.pipeline import Fitted
from models.pipeline.second_stage import SecondStage

STORED: Mapping[str, type] = {
    "pipeline": Fitted, "configuration": PipelineConfig, "second_stage": SecondStage, "forest": Forest,
}  # fmt: skip
"""The name under which a class is stored, for ever: one that stands in an artefact is never given to another class, nor
are features, baseline and cross_sensor, which stand in older ones."""

_TYPE = "__type__"
_ANEW = "train it anew with `quantrac models train`, a station's own with `quantrac models retrain`"
_PLAIN = (str, int, float, bool, type(None), np.ndarray, np.generic)
_NAMES = {kind: name for name, kind in STORED.items()}


def pack(thing: Any) -> Any:
    """Return plain values for objects (nested) of classes with a stored name. Raises ModelError for any other."""
    kind = type(thing)
    if isinstance(thing, _PLAIN):
        return thing
    if kind is tuple:
        return {_TYPE: "tuple", "items": [pack(item) for item in thing]}
    if kind not in _NAMES:
        raise ModelError(
            f"a model that holds {kind.__module__}:{kind.__qualname__} cannot be stored: the class has no stored name "
            "in models.artefacts.packing"
        )
    names = [f.name for f in fields(thing)] if is_dataclass(thing) else thing._fields
    return {_TYPE: _NAMES[kind], "fields": {name: pack(getattr(thing, name)) for name in names}}


def unpack(plain: Any) -> Any:
    """Return what was packed. Raises ModelError for what this program cannot build, and for types of others."""
    if not isinstance(plain, dict):
        return plain
    name = str(plain.get(_TYPE))
    if name != "tuple" and name not in STORED:
        raise ModelError(f"the artefact names {name!r}, which this program does not have: {_ANEW}")
    try:
        if name == "tuple":
            return tuple(unpack(item) for item in plain["items"])
        return STORED[name](**{key: unpack(value) for key, value in plain["fields"].items()})
    except (TypeError, ValueError, KeyError, AttributeError) as exc:
        raise ModelError(
            f"the class stored as {name!r} has changed since the model was stored ({exc}): {_ANEW}"
        ) from exc

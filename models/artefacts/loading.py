"""What an artefact holds, ready to judge; whatever is wrong with it is one sentence with its hash.

It is a tree of plain values and arrays, and never names a class: what is built of it is a ``Fitted``, field by field.
"""

from __future__ import annotations

from dataclasses import fields

import msgspec
import numpy as np

from models import snapshots
from models.artefacts.store import ArtefactStore
from models.errors import ModelError
from models.pipeline.pipeline import Fitted, Scorer


def packed(fitted: Fitted) -> bytes:
    """Return what an artefact keeps of a pipeline."""
    return snapshots.encode(fitted)


def load_pipeline(store: ArtefactStore, sha256: str) -> Fitted:
    """Return the pipeline after it has judged two rows: that of an older program may not fit. Raises ModelError."""
    content = store.load(sha256)
    times = np.datetime64(0, "ns") + np.arange(2) * np.timedelta64(300, "s")
    try:
        plain = snapshots.decode(content)
        if set(plain) != {f.name for f in fields(Fitted)}:
            raise ValueError("it holds other fields")
        fitted = msgspec.convert(plain, Fitted)
        Scorer(fitted, ("a", "b")).push(times, np.ones((2, 2)))
    except (*snapshots.UNREADABLE, ModelError, KeyError, IndexError, AttributeError) as exc:
        raise ModelError(
            f"artefact {sha256} does not fit this program ({exc}): train it anew with `quantrac models train`, a "
            "station's own with `quantrac models retrain`"
        ) from exc
    return fitted

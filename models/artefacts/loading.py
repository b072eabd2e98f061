"""What an artefact holds, ready to judge; whatever is wrong with it is one sentence with its hash."""

from __future__ import annotations

import numpy as np

from models.artefacts.packing import unpack
from models.artefacts.store import ArtefactStore
from models.errors import ModelError
from models.pipeline.pipeline import Fitted, Scorer


def load_pipeline(store: ArtefactStore, sha256: str) -> Fitted:
    """Return the pipeline after it has judged two rows: that of an older program may not fit. Raises ModelError."""
    content = store.load(sha256)
    try:
        packed = content["fitted"]
    except (KeyError, TypeError) as exc:
        raise ModelError(f"artefact {sha256} holds no pipeline: train it anew") from exc
    try:
        fitted = unpack(packed)
    except ModelError as exc:
        raise ModelError(f"artefact {sha256} is refused: {exc}") from exc
    if not isinstance(fitted, Fitted):
        raise ModelError(f"artefact {sha256} is no pipeline: it cannot judge a station's rows")
    times = np.datetime64(0, "ns") + np.arange(2) * np.timedelta64(300, "s")
    try:
        Scorer(fitted, ("a", "b")).push(times, np.ones((2, 2)))
    except (ModelError, ValueError, KeyError, IndexError, TypeError, AttributeError) as exc:
        raise ModelError(f"artefact {sha256} does not fit this program ({exc}): train it anew") from exc
    return fitted

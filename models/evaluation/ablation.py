"""What each part of the pipeline pays: the same evaluation with one part switched off at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from models.errors import ModelError
from models.evaluation.detectors import PIPELINE, detector_named
from models.evaluation.evaluate import load_series, run_all, summarise
from models.evaluation.families.base import Family, Figures
from models.evaluation.pipeline import PARTS, parts_of
from models.families import FAMILIES

WHOLE = "nothing (the whole pipeline)"


def ablate(
    family: Family,
    data: Path,
    train: Path | None,
    parts: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, Figures]:
    """Return the total figures of the whole pipeline and of the pipeline without each part. Raises ModelError."""
    unknown = sorted(set(parts or ()) - set(PARTS))
    if unknown:
        raise ModelError(f"the pipeline has no part {unknown[0]!r}: choose of {', '.join(PARTS)}")
    series = load_series(family, data)
    training = load_series(family, train) if train is not None else ()
    rows: dict[str, Figures] = {}
    for off in (None, *(parts or parts_of(FAMILIES[family.name]))):
        if progress is not None:
            progress(f"without {off or 'nothing'}")
        detector = detector_named(PIPELINE, family.name, frozenset({off} if off else ()))
        runs = run_all(detector.fit(training), series)
        rows[off or WHOLE] = summarise(family, PIPELINE, runs).total
    return rows

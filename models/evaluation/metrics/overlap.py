"""Overlap score of the Logan River Observatory data (Jones, Jones and Horsburgh 2022, pyhydroqc).

Label and detection are widened by one sample; each contiguous group of their union is judged as a whole: all its points
are true positives if it holds both, false positives if it holds only a detection, false negatives if only a label.
"""

from __future__ import annotations

import numpy as np

from models.evaluation.metrics.points import Confusion
from models.series import Bools, stretches, widened


def overlap_confusion(truth: Bools, alarm: Bools) -> Confusion:
    """Count the points of one sensor's series by groups of the widened union."""
    label, detection = widened(truth), widened(alarm)
    counts = Confusion(tn=int(np.count_nonzero(~(label | detection))))
    for first, stop in stretches(label | detection):
        size, labelled = stop - first, bool(label[first:stop].any())
        if not detection[first:stop].any():
            counts += Confusion(fn=size)
        elif labelled:
            counts += Confusion(tp=size)
        else:
            counts += Confusion(fp=size)
    return counts

"""Coefficients Kq and Kf of QCVN 40:2011/BTNMT, sections 2.3 and 2.4: ``Cmax = C × Kq × Kf``."""

from __future__ import annotations


def kq_river(flow_m3_per_s: float | None) -> float:
    """Return Kq of a river or canal.

    Parameters
    ----------
    flow_m3_per_s
        Mean flow of the three driest months over three years; ``None``: no data.

    Examples
    --------
    >>> [kq_river(q) for q in (None, 50, 50.1, 200, 500, 500.1)]
    [0.9, 0.9, 1.0, 1.0, 1.1, 1.2]

    COD of column A into the sông Tiền (Q > 500), 4,000 m³ a day; COD of column B into a canal, 6,000 m³ a day:

    >>> round(75 * kq_river(7_000) * kf(4_000), 10), round(150 * kq_river(20) * kf(6_000), 10)
    (90.0, 121.5)
    """
    if flow_m3_per_s is None or flow_m3_per_s <= 50:
        return 0.9
    if flow_m3_per_s <= 200:
        return 1.0
    return 1.1 if flow_m3_per_s <= 500 else 1.2


def kq_lake(volume_million_m3: float | None) -> float:
    """Return Kq of a lake or pond by its mean volume in the three driest months over three years, in 10⁶ m³.

    >>> [kq_lake(v) for v in (None, 10, 10.1, 100, 100.1)]
    [0.6, 0.6, 0.8, 0.8, 1.0]
    """
    if volume_million_m3 is None or volume_million_m3 <= 10:
        return 0.6
    return 0.8 if volume_million_m3 <= 100 else 1.0


def kq_coast(*, protected: bool) -> float:
    """Return Kq of coastal water; ``protected`` for bathing, aquaculture or nature protection.

    >>> kq_coast(protected=False), kq_coast(protected=True)
    (1.3, 1.0)
    """
    return 1.0 if protected else 1.3


def kf(flow_m3_per_day: float) -> float:
    """Return Kf by the discharge in m³ per 24 h.

    >>> [kf(f) for f in (50, 50.1, 500, 5_000, 5_000.1)]
    [1.2, 1.1, 1.1, 1.0, 0.9]
    """
    if flow_m3_per_day <= 50:
        return 1.2
    if flow_m3_per_day <= 500:
        return 1.1
    return 1.0 if flow_m3_per_day <= 5000 else 0.9

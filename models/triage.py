"""Fault or pollution: class, probability and the three strongest reasons of one alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.features.table import Features
from models.protocol import Triage, TriageClass
from models.series import Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an alarm looks like, as numbers between rows ``first`` and ``last`` of its features."""

    moving: float
    """Sensors more than three scatters off together, at the most telling row."""
    lead: str
    """The sensor farthest off."""
    alone: float
    """Off by itself: its distance from what the other sensors predict, in usual errors."""
    frozen: float
    """Longest repetition, in usual repetitions (logarithm)."""
    zero: bool
    missing: bool
    jump: float
    """Largest single step, in usual steps."""
    noise: float
    beyond: bool
    upward: bool


def evidence(features: Features, columns: tuple[str, ...], targets: list[int]) -> Evidence:
    """Sum up the rows of one alarm."""
    at = {name: i for i, name in enumerate(features.cell_names)}
    cells = features.cells[:, targets]
    off = np.abs(cells[:, :, at["slow_5"]])
    row, lead = np.unravel_index(int(np.argmax(off)), off.shape)
    return Evidence(
        moving=float((off[row] > 3.0).sum()),
        lead=columns[targets[int(lead)]],
        alone=float(np.abs(cells[row, lead, at["cross_0"]])) if "cross_0" in at else 0.0,
        frozen=float(cells[:, :, at["run"]].max()),
        zero=bool(cells[:, :, at["zero"]].max() > 0),
        missing=bool(cells[:, :, at["missing"]].max() > 0),
        jump=float(np.abs(cells[:, lead, at["step"]]).max()),
        noise=float(cells[:, lead, at["noise"]].max()),
        beyond=bool(cells[:, :, at["beyond"]].max() > 0),
        upward=bool(cells[row, lead, at["slow_5"]] > 0),
    )


def _arguments(e: Evidence) -> list[tuple[float, str, str]]:
    """Return (log-odds towards process, Vietnamese, English) for everything that speaks for or against pollution."""
    found: list[tuple[float, str, str]] = []
    if e.moving >= 2:
        n = int(e.moving)
        found.append((0.9 * min(n, 4), f"{n} thông số cùng thay đổi", f"{n} parameters moved together"))
    else:
        found.append((-1.0, f"chỉ riêng {e.lead} thay đổi", f"{e.lead} moved alone"))
    if e.zero:
        found.append((-2.5, f"{e.lead}: giá trị bằng đúng 0", f"{e.lead}: exactly zero"))
    if e.frozen > 2.3:
        found.append((-1.5, "giá trị đứng yên bất thường", "values unchanged for unusually long"))
    if e.missing:
        found.append((-1.0, "mất số liệu", "values missing"))
    if e.beyond:
        found.append((-2.0, "ngoài dải đo của thiết bị", "outside the instrument's range"))
    if e.alone > 6 and e.moving < 2:
        found.append((-0.8, f"{e.lead} mâu thuẫn với các thông số khác", f"{e.lead} contradicts the other parameters"))
    if e.jump > 12:
        found.append((-0.8, f"{e.lead} nhảy đột ngột", f"{e.lead} jumped at once"))
    elif e.upward:
        found.append((0.6, f"{e.lead} tăng dần", f"{e.lead} rose gradually"))
    if e.noise > 2.5:
        found.append((-0.7, f"{e.lead} dao động mạnh", f"{e.lead} scatters strongly"))
    return found


def judge(e: Evidence, learnt: Floats | None = None) -> Triage:
    """Return the class of an alarm.

    ``learnt`` is the second stage's mean probabilities over the alarm (normal, fault, process), where it was taught
    the difference; it then decides, and the rules give the words.
    """
    arguments = _arguments(e)
    odds = sum(weight for weight, _, _ in arguments)
    if learnt is not None and learnt[1] + learnt[2] > 0:
        p = float(np.clip(learnt[2] / (learnt[1] + learnt[2]), 0.02, 0.98))
        odds = float(np.log(p / (1 - p))) + 0.2 * odds
    probability = 1 / (1 + float(np.exp(-odds)))
    process = probability >= 0.5
    speaking = sorted((a for a in arguments if (a[0] > 0) == process), key=lambda a: -abs(a[0]))
    strongest = (speaking or sorted(arguments, key=lambda a: -abs(a[0])))[:3]
    return Triage(
        TriageClass.PROCESS if process else TriageClass.FAULT,
        probability if process else 1 - probability,
        tuple(a[1] for a in strongest),
        tuple(a[2] for a in strongest),
    )

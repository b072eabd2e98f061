"""What speaks against the model's class of an alert, from what was measured around it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from quantrac.domain.words import Bilingual, percentage

SURE = 0.8
"""Probability below which the model itself is in doubt."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around an alert."""

    cls: str
    probability: float
    moved: int
    """Other parameters of the station that departed from their baseline."""
    others: int
    """Other parameters of the station with readings."""
    suspect_share: float
    """Share of the alerted parameter's readings, while it was open, that quality control flagged."""
    calibrating: bool
    """The logger said 01 meanwhile, or a window covered it."""
    neighbours_alarmed: int
    """Other stations of the park with an open incident about water."""
    told: float | None = None
    """The probability with which officers were told of this class; ``None``: nobody was."""


def doubts(seen: Surroundings) -> list[Bilingual]:
    """Return what speaks against the class, the strongest first; none is good news for the class, no proof.

    >>> [d.en for d in doubts(Surroundings("pollution", 0.95, 0, 5, 0.0, False, 0))]
    ['None of 5 other parameters moved; real pollution seldom moves one alone.']
    """
    found: list[Bilingual] = []
    if seen.cls == "pollution":
        found += _against_pollution(seen)
    if seen.cls == "fault" and seen.moved >= 2:
        found.append(Bilingual(
            f"{seen.moved} thông số khác cùng thay đổi; thiết bị hỏng thường chỉ lệch một mình.",
            f"{seen.moved} other parameters moved as well; a broken probe is off alone.",
        ))  # fmt: skip
    if seen.cls in {"fault", "maintenance", "communication"} and seen.neighbours_alarmed:
        found.append(Bilingual(
            f"{seen.neighbours_alarmed} trạm cùng khu cũng có sự cố về nước.",
            f"{seen.neighbours_alarmed} other stations of the park have an incident about water too.",
        ))  # fmt: skip
    if seen.probability < SURE:
        sure = percentage(seen.probability)
        if seen.told is not None and seen.told >= SURE:
            then = percentage(seen.told)
            found.append(Bilingual(
                f"Mô hình nay chỉ chắc {sure}, khi báo {then}.",
                f"The model is only {sure} sure now; when it was told, {then}.",
            ))  # fmt: skip
        else:
            found.append(Bilingual(f"Mô hình chỉ chắc {sure}.", f"The model is only {sure} sure."))
    return found


def _against_pollution(seen: Surroundings) -> list[Bilingual]:
    found = []
    if seen.others and not seen.moved:
        found.append(Bilingual(
            f"Không thông số nào trong {seen.others} thông số khác thay đổi; ô nhiễm thật thường kéo theo nhiều.",
            f"None of {seen.others} other parameters moved; real pollution seldom moves one alone.",
        ))  # fmt: skip
    if seen.calibrating:
        found.append(Bilingual("Trạm đang hiệu chuẩn hoặc bảo trì.", "The station calibrates, or is maintained."))
    if seen.suspect_share > 0.2:
        share = percentage(seen.suspect_share)
        found.append(Bilingual(f"{share} số liệu bị gắn cờ nghi ngờ.", f"{share} of the readings are flagged."))
    return found

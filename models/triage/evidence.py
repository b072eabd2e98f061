"""What one running incident looks like, as named numbers: the evidence that the triage weighs.

Every term is 0 when there is nothing to say and grows with what is seen, so that a term's weight times its value is
what it contributes, and every term that contributes has words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np

from models.chemistry import PATTERNS, best_pattern, dilution_support, rain_support, roles_of, weather_alone
from models.protocol import TriageClass
from models.series import Floats
from models.slow.finding import Finding
from models.snapshots import ByFields
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual

CELLS = ("slow_5", "cross_0", "step", "noise", "run", "zero", "missing", "beyond", "drift")
"""Features by sensor that the evidence is made of."""
MOVED = 3.0
"""Scatters beyond which a sensor has moved."""
_CLIP = 15.0
_HALF_HOUR_ROWS = 6
_MEMORY_S = 6 * 3600.0
_BUFFERS = (4.0, 7.0, 10.0)
"""pH of the usual buffer solutions."""

TERMS = (
    "single", "together", "size", "sense", "senseless", "upward", "harmless", "rain", "thin", "flow", "frozen", "zero",
    "missing", "gap", "step", "gradual", "noise", "restless", "beyond", "contradiction", "agreement", "drift", "buffer",
    "calibrating", "faulty", "visited", "neighbours", "lonely", "suspected", "worn", "short", "age",
)  # fmt: skip
"""Names of the terms, in the order of a vector. ``age`` and ``short`` have no words."""
LEARNT = ("learnt_pollution", "learnt_fault")
"""Two more terms where a second stage was taught the difference."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the values of the station do not say; every field has a neutral default."""

    calibrating: frozenset[str] = frozenset()
    """Parameters with logger status 01 in this row."""
    faulty: frozenset[str] = frozenset()
    """Parameters with status 02, or refused by quality control."""
    neighbours: int = 0
    """Other stations of the same park or receiving water that report."""
    neighbours_alarmed: int = 0
    """Of them: with an open anomaly on the polluting side."""
    maintenance_ago_s: float | None = None
    """Since the last calibration or visit, if known."""
    suspected: frozenset[str] = frozenset()
    """Parameters with an open suspicion of falsification (``models.slow``)."""
    worn: frozenset[str] = frozenset()
    """Parameters with an open finding of a stuck or fouled probe (``models.slow``)."""


NEUTRAL = Context()


def known_to_triage(findings: Sequence[Finding]) -> Context:
    """Return the context that open findings are for a triage."""
    return Context(
        suspected=frozenset(f.parameter for f in findings if f.cls is TriageClass.FALSIFICATION),
        worn=frozenset(f.parameter for f in findings if f.cls is TriageClass.FAULT),
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """Terms by name, and what is seen, in both languages, for the terms that have words."""

    terms: dict[str, float]
    words: dict[str, Bilingual]


class Gathering(ByFields):
    """The memory of one incident, a few numbers a sensor; fold rows in, read the evidence out."""

    def __init__(self, columns: Sequence[str], targets: Sequence[int]) -> None:
        self.columns = tuple(columns)
        self.targets = list(targets)
        self.roles = roles_of(self.columns)
        d = len(self.columns)
        self.rows = 0
        self.moved = -1.0
        self.z = np.zeros(d)
        """Departures at the row with the most movement."""
        self.cross = np.zeros(d)
        self.sense = 0.0
        self.sense_z = np.zeros(d)
        """Departures at the row that looked most like a known pollution."""
        self.peaks = np.zeros((len(CELLS), d))
        """Largest size of each feature so far."""
        self.rain = 0.0
        self.thin = 0.0
        self.gap = 0.0
        self.gone = 0.0
        self.buffer = np.zeros(d)
        self.flags = np.zeros((4, d))
        """Rows in which the context named the sensor: calibrating, faulty, suspected, worn."""
        self.beside = np.zeros(2)
        """Largest share of the neighbours that was alarmed, and whether any reports."""
        self.visited = 0.0
        self.shares = np.zeros((_HALF_HOUR_ROWS, 3))
        self.share_sum = np.zeros(3)
        self.share_rows = 0
        self.best = np.zeros(3)

    _FIELDS = (
        "rows", "moved", "z", "cross", "sense", "sense_z", "peaks", "rain", "thin", "gap", "gone", "buffer", "flags",
        "beside", "visited", "shares", "share_sum", "share_rows", "best",
    )  # fmt: skip

    def lead_in(self, cells: Floats) -> None:
        """Fold in a row from just before the alarm: jumps and frozen values begin there. Shape (sensors, CELLS)."""
        np.maximum(self.peaks, np.abs(cells.T), out=self.peaks)

    def fold(self, cells: Floats, gap: float, values: Floats, context: Context, shares: Floats | None) -> None:
        """Fold in one alarmed row. ``cells`` has shape (sensors, len(CELLS))."""
        self.rows += 1
        self.lead_in(cells)
        z = np.clip(cells[:, 0], -_CLIP, _CLIP)
        moved = float(np.minimum(np.abs(z[self.targets]), 8.0).sum())
        if moved > self.moved:
            self.moved, self.z, self.cross = moved, z, cells[:, 1].copy()
        _, support = best_pattern(z, self.roles)
        if support > self.sense:
            self.sense, self.sense_z = support, z
        self.rain = max(self.rain, rain_support(z, self.roles))
        self.thin = max(self.thin, dilution_support(z, self.roles))
        self.gap = max(self.gap, gap)
        self.gone = max(self.gone, float(np.isnan(values[self.targets]).all()))
        for j in self.roles.ph:
            near = min(abs(float(values[j]) - b) for b in _BUFFERS)
            self.buffer[j] = max(self.buffer[j], float(near < 0.06 and abs(z[j]) > MOVED))
        self._fold_context(context)
        if shares is not None:
            self._fold_shares(shares)

    def _fold_context(self, c: Context) -> None:
        for k, named in enumerate((c.calibrating, c.faulty, c.suspected, c.worn)):
            for parameter in named:
                if parameter in self.columns:
                    self.flags[k, self.columns.index(parameter)] += 1
        if c.neighbours:
            self.beside = np.maximum(self.beside, [c.neighbours_alarmed / c.neighbours, 1.0])
        if c.maintenance_ago_s is not None and c.maintenance_ago_s >= 0:
            self.visited = max(self.visited, exp(-c.maintenance_ago_s / _MEMORY_S))

    def _fold_shares(self, shares: Floats) -> None:
        """Keep the mean class probabilities of the half hour that looks most like pollution, and of the whole."""
        self.shares = np.concatenate([self.shares[1:], shares[None]])
        self.share_rows += 1
        self.share_sum = self.share_sum + shares
        recent = self.shares[-min(self.share_rows, _HALF_HOUR_ROWS) :].mean(axis=0)
        if recent[2] > self.best[2]:
            self.best = recent

    def learnt(self) -> float | None:
        """Return the second stage's log-odds of pollution against a fault; ``None`` where it says nothing.

        A probe that fails while the water is polluted must not hide the pollution: the most telling half hour decides.
        """
        if not self.share_rows:
            return None
        mean = self.best if self.best[2] > 0.5 else self.share_sum / self.share_rows
        fault, pollution = max(float(mean[1]), 1e-3), max(float(mean[2]), 1e-3)
        return log(pollution / fault)

    def only_weather(self) -> bool:
        """Whether nothing moved but mud, and what rain moves in a river: no discharge needs to explain it."""
        return all(weather_alone(z, self.roles, MOVED) for z in (self.z, self.sense_z))

    def evidence(self) -> Evidence:
        """Return the evidence so far."""
        return _Reading(self).evidence()


class _Reading:
    """Turns a gathering into terms and words."""

    def __init__(self, g: Gathering) -> None:
        self.g = g
        self.terms = dict.fromkeys((*TERMS, *LEARNT), 0.0)
        self.words: dict[str, Bilingual] = {}
        self.size = np.abs(g.z)
        self.targets = _not_rained_on(g)
        self.lead = self.targets[int(np.argmax(self.size[self.targets]))]
        self.lead_moved = bool(self.size[self.lead] > MOVED)
        self.peak = {name: g.peaks[k] for k, name in enumerate(CELLS)}
        moved = [j for j in self.targets if max(self.size[j], abs(g.sense_z[j])) > MOVED]
        self.moved = moved if len(moved) > 1 else []
        """Sensors that moved together, if any did: a probe that fails beside them says nothing of what they show.

        One that moved alone, perhaps by chance, does not outweigh a probe that fails.
        """

    def evidence(self) -> Evidence:
        self._movement()
        self._instrument()
        self._relation()
        self._circumstances()
        g = self.g
        self.terms["short"] = float(g.rows <= 2)
        self.terms["age"] = log1p(g.rows)
        return Evidence(self.terms, self.words)

    def _say(self, name: str, value: float, vi: str, en: str) -> None:
        if value > 0:
            self.terms[name] = min(value, 10.0)
            self.words[name] = Bilingual(vi, en)

    def _name(self, j: int) -> Bilingual:
        return names_of(self.g.columns[j])

    def _names(self, where: Sequence[int]) -> Bilingual:
        shown = sorted(where, key=lambda j: -abs(self.g.z[j]))[:3]
        named = [self._name(j) for j in shown]
        more = len(where) - len(shown)
        vi, en = ", ".join(n.vi for n in named), ", ".join(n.en for n in named)
        return Bilingual(f"{vi} và {more} thông số khác", f"{en} and {more} more") if more else Bilingual(vi, en)

    def _movement(self) -> None:
        g, roles, size = self.g, self.g.roles, self.size
        moving = [j for j in self.targets if size[j] > MOVED and not roles.explains[j]]
        which, _ = best_pattern(g.sense_z, roles)
        vi, en = self._names(moving or [self.lead])
        up, down = g.z[self.lead] > 0, g.z[self.lead] < 0
        word_vi, word_en = ("cao hơn", "above") if up else ("thấp hơn", "below")
        if len(moving) == 1:
            self._say("single", 1.0, f"chỉ riêng {vi} thay đổi", f"{en} moved alone")
        if len(moving) >= 2:
            self._say("together", min(len(moving), 5) - 1.0, f"{vi} cùng thay đổi", f"{en} moved together")
            if g.sense < MOVED:
                self._say(
                    "senseless", 1.0, f"{vi} thay đổi không theo kiểu ô nhiễm nào đã biết",
                    f"{en} moved in no way that a known pollution does",
                )  # fmt: skip
        lead_vi, lead_en = self._name(self.lead)
        much_vi, much_en = ("hẳn ", "far ") if self.lead_moved else ("", "")
        self._say(
            "size", max(log1p(float(size[self.lead])) - 1.0, 0.0) if up or down else 0.0,
            f"{lead_vi} {word_vi} {much_vi}mức thường", f"{lead_en} {much_en}{word_en} its usual level",
        )  # fmt: skip
        members = [j for j in range(len(g.columns)) if roles.signs[which, j] * g.sense_z[j] > 0.8 * MOVED]
        group_vi, group_en = self._names(members)
        self._say(
            "sense", max(g.sense - 1.5, 0.0) / 3.0 if len(members) >= 2 else 0.0,
            f"{group_vi} cùng đổi theo kiểu {PATTERNS[which].vi}", f"{group_en} moved as in {PATTERNS[which].en}",
        )  # fmt: skip
        side = roles.harm[moving] * g.z[moving] if moving else np.zeros(1)
        self._say("upward", float(side.max() > MOVED), f"{vi} đổi về phía ô nhiễm", f"{en} moved to the polluting side")
        self._say(
            "harmless", float(bool(moving) and side.max() <= 0.0), f"{vi} không đổi về phía ô nhiễm",
            f"{en} did not move to the polluting side",
        )  # fmt: skip

    def _peak_of(self, name: str, floor: float, among: Sequence[int] | None = None) -> tuple[float, Bilingual]:
        """Return by how much the largest size exceeds ``floor``, and the sensor that it belongs to."""
        where = list(self.moved or self.targets) if among is None else list(among)
        if not where:
            return 0.0, Bilingual("", "")
        j = where[int(np.argmax(self.peak[name][where]))]
        return max(float(self.peak[name][j]) - floor, 0.0), self._name(j)

    def _named(self, flags: Floats) -> int | None:
        """Return the sensor that is named most, of those that moved where any has; ``None``: none is."""
        counted = flags.copy()
        if self.moved:
            counted[[j for j in range(len(flags)) if j not in self.moved]] = 0.0
        return int(np.argmax(counted)) if counted.any() else None

    def _instrument(self) -> None:
        g = self.g
        value, (vi, en) = self._peak_of("run", 1.5)
        self._say("frozen", value, f"{vi} đứng yên lâu bất thường", f"{en} unchanged for unusually long")
        if self.lead_moved and (vi, en) != self._name(self.lead):
            # It counts, but explains nothing: an analyser that repeats its result beside the sensor that moved.
            self.words.pop("frozen", None)
        value, (vi, en) = self._peak_of("zero", 0.0)
        self._say("zero", value, f"{vi} bằng đúng 0", f"{en} is exactly zero")
        value, (vi, en) = self._peak_of("missing", 0.0)
        self._say("missing", 0.0 if g.gone else value, f"{vi} mất số liệu", f"{en} has no values")
        if g.gone:
            self._say("gap", 2.0, "mọi thông số mất số liệu cùng lúc", "all parameters vanished at once")
        else:
            self._say("gap", g.gap - 0.8, "trạm vừa ngừng gửi số liệu một thời gian", "the station had been silent")
        jump = float(self.peak["step"][self.lead])
        vi, en = self._name(self.lead)
        self._say("step", max(log1p(jump) - 1.8, 0.0), f"{vi} nhảy đột ngột", f"{en} jumped at once")
        if jump < 6.0 and self.size[self.lead] > 4.0:
            self._say("gradual", 1.0, f"{vi} thay đổi dần", f"{en} changed gradually")
        value, (vi, en) = self._peak_of("noise", 1.5)
        self._say("noise", value, f"{vi} dao động mạnh", f"{en} scatters strongly")
        if self.terms["single"]:
            self._say("restless", value, f"chỉ riêng {vi} dao động mạnh", f"{en} alone scatters strongly")
        value, (vi, en) = self._peak_of("beyond", 0.0)
        self._say("beyond", value, f"{vi} ngoài dải đo của thiết bị", f"{en} outside the instrument's range")
        value, (vi, en) = self._peak_of("drift", 1.0)
        self._say("drift", value, f"{vi} lệch dần khỏi các thông số khác", f"{en} drifts from the other parameters")
        buffered = self._named(g.buffer)
        if buffered is not None:
            vi, en = self._name(buffered)
            self._say("buffer", 1.0, f"{vi} bằng giá trị dung dịch chuẩn", f"{en} shows a calibration solution's value")

    def _relation(self) -> None:
        g = self.g
        vi, en = self._name(self.lead)
        error = abs(float(g.cross[self.lead]))
        self._say(
            "contradiction", max(log1p(error) - 1.4, 0.0),
            f"{vi} mâu thuẫn với các thông số khác", f"{en} contradicts the other parameters",
        )  # fmt: skip
        if self.size[self.lead] > 4.0 and error < 3.0 and (g.cross != 0).any():
            self._say(
                "agreement", 1.0, f"các thông số khác cũng cho thấy như {vi}", f"the other parameters bear {en} out"
            )
        flows = [j for j in range(len(g.columns)) if g.roles.explains[j]]
        if flows and self.size[flows].max() > MOVED:
            value = min(float(self.size[flows].max()), 8.0) / 4.0
            self._say("flow", value, "lưu lượng cũng thay đổi", "the flow changed too")
        self._say(
            "rain", max(g.rain - 1.5, 0.0) / 3.0,
            "nước đục lên cùng dấu hiệu mưa (lưu lượng tăng hoặc nước loãng, mát hơn)",
            "turbid water with signs of rain (more flow, or thinner, cooler water)",
        )  # fmt: skip
        self._say(
            "thin", max(g.thin - 1.5, 0.0) / 3.0,
            "lưu lượng tăng trong khi các nồng độ cùng giảm", "the flow rose while concentrations fell together",
        )  # fmt: skip

    def _circumstances(self) -> None:
        g = self.g
        said = (
            ("calibrating", "đang hiệu chuẩn {vi} (trạng thái 01)", "{en} is being calibrated (status 01)"),
            ("faulty", "thiết bị đo {vi} tự báo lỗi", "the instrument of {en} reports a fault"),
            ("suspected", "{vi} đang có dấu hiệu số liệu bị can thiệp", "{en} shows signs of altered data"),
            ("worn", "đầu đo {vi} có dấu hiệu kẹt hoặc bẩn", "the probe of {en} seems stuck or fouled"),
        )
        for k, (name, vi, en) in enumerate(said):
            flagged = self._named(g.flags[k])
            if flagged is not None:
                name_vi, name_en = self._name(flagged)
                self._say(name, 1.0, vi.format(vi=name_vi), en.format(en=name_en))
        self._say("visited", g.visited, "vừa có hiệu chuẩn hoặc bảo trì", "shortly after a calibration or visit")
        # Neighbours of one park are fouled by the same discharge: only with signs of rain is it the weather.
        natural = min(max(self.terms["rain"], self.terms["thin"]), 1.0)
        self._say(
            "neighbours", float(g.beside[0]) * natural,
            "các trạm lân cận cùng nguồn nước cũng bất thường", "neighbouring stations of the same water move too",
        )  # fmt: skip
        self._say(
            "lonely", float(g.beside[1] > 0 and g.beside[0] == 0),
            "các trạm lân cận vẫn bình thường", "neighbouring stations are as usual",
        )  # fmt: skip
        learnt = g.learnt()
        if learnt is not None:
            # The second stage judges the row: a sensor is named only where one moved.
            vi, en = self._name(self.lead) if self.lead_moved else ("của trạm", "the station as a whole")
            self._say("learnt_pollution", learnt, f"diễn biến {vi} giống các đợt ô nhiễm đã học",
                      f"{en} looks like the pollution events learnt before")  # fmt: skip
            self._say("learnt_fault", -learnt, f"diễn biến {vi} giống các lỗi thiết bị đã học",
                      f"{en} looks like the instrument faults learnt before")  # fmt: skip


def _not_rained_on(g: Gathering) -> list[int]:
    """Return the sensors whose movement speaks for itself: rain explains that the water is turbid."""
    if g.rain < MOVED:
        return g.targets
    return [j for j in g.targets if not g.roles.muddy[j]] or g.targets

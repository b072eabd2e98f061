"""Why, in words that an officer believes: values, how many times the usual, since when, and what speaks against it.

Only sensors that moved are named as having moved, two columns of one quantity once, and what a second stage makes of it
is no reason: "like what was learnt" explains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite

import numpy as np

from models.chemistry import MORE_WATER, PATTERNS, best_pattern, harmful
from models.priors import kind_of
from models.protocol import TriageClass
from models.triage.evidence import MOVED, Evidence, Gathering, each_once
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, local_time, number, number_vi, percentage

MOST = 3
_MOST_OTHERS = 3
_BY_UNITS = frozenset({"ph", "temp", "do", "level"})
"""Parameters of which nobody says how many times the usual they are."""
_OF_INSTRUMENTS = frozenset({
    "frozen", "zero", "missing", "noise", "restless", "beyond", "contradiction", "buffer", "calibrating",
    "faulty", "worn", "suspected", "senseless", "step",
})  # fmt: skip
_UNFIT = {
    TriageClass.POLLUTION: _OF_INSTRUMENTS,
    TriageClass.FAULT: frozenset({"sense", "agreement", "together", "rain", "neighbours"}),
    TriageClass.MAINTENANCE: frozenset({"rain", "thin", "neighbours"}),
}
"""Terms that are weighed but never given as a reason for a class: an officer would take them for the opposite."""

_WORDS: Mapping[str, Bilingual] = {
    "single": Bilingual("chỉ riêng {vi} thay đổi", "{en} moved alone"),
    "together": Bilingual("{vi} cùng thay đổi", "{en} moved together"),
    "senseless": Bilingual(
        "{vi} thay đổi không theo kiểu ô nhiễm nào đã biết", "{en} moved in no way that a known pollution does"
    ),
    "upward": Bilingual("{vi} đổi về phía ô nhiễm", "{en} moved to the polluting side"),
    "harmless": Bilingual("{vi} không đổi về phía ô nhiễm", "{en} did not move to the polluting side"),
    "frozen": Bilingual("{vi} đứng yên lâu bất thường", "{en} unchanged for unusually long"),
    "zero": Bilingual("{vi} bằng đúng 0", "{en} is exactly zero"),
    "missing": Bilingual("{vi} mất số liệu", "{en} has no values"),
    "step": Bilingual("{vi} nhảy đột ngột", "{en} jumped at once"),
    "gradual": Bilingual("{vi} thay đổi dần", "{en} changed gradually"),
    "noise": Bilingual("{vi} dao động mạnh", "{en} scatters strongly"),
    "restless": Bilingual("chỉ riêng {vi} dao động mạnh", "{en} alone scatters strongly"),
    "beyond": Bilingual("{vi} ngoài dải đo của thiết bị", "{en} outside the instrument's range"),
    "buffer": Bilingual("{vi} bằng giá trị dung dịch chuẩn", "{en} shows a calibration solution's value"),
    "contradiction": Bilingual("{vi} mâu thuẫn với các thông số khác", "{en} contradicts the other parameters"),
    "agreement": Bilingual("các thông số khác cũng cho thấy như {vi}", "the other parameters bear {en} out"),
    "rain": Bilingual(
        "nước đục lên cùng dấu hiệu mưa (lưu lượng tăng hoặc nước loãng, mát hơn)",
        "turbid water with signs of rain (more flow, or thinner, cooler water)",
    ),
    "thin": Bilingual(
        "lưu lượng tăng trong khi các nồng độ cùng giảm", "the flow rose while concentrations fell together"
    ),
    "calibrating": Bilingual("đang hiệu chuẩn {vi} (trạng thái 01)", "{en} is being calibrated (status 01)"),
    "faulty": Bilingual("thiết bị đo {vi} tự báo lỗi", "the instrument of {en} reports a fault"),
    "suspected": Bilingual("{vi} đang có dấu hiệu số liệu bị can thiệp", "{en} shows signs of altered data"),
    "worn": Bilingual("đầu đo {vi} có dấu hiệu kẹt hoặc bẩn", "the probe of {en} seems stuck or fouled"),
    "visited": Bilingual("vừa có hiệu chuẩn hoặc bảo trì", "shortly after a calibration or visit"),
    "neighbours": Bilingual(
        "các trạm lân cận cùng nguồn nước cũng bất thường", "neighbouring stations of the same water move too"
    ),
    "lonely": Bilingual("các trạm lân cận vẫn bình thường", "neighbouring stations are as usual"),
}
_GONE = Bilingual("mọi thông số mất số liệu cùng lúc", "all parameters vanished at once")
_SILENT = Bilingual("trạm vừa ngừng gửi số liệu một thời gian", "the station had been silent")
_NOTHING_AGAINST = Bilingual(
    "không thấy dấu hiệu mưa, hiệu chuẩn hay lỗi ở các đầu đo này",
    "no sign of rain, calibration or a fault at these probes",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the registry knows of a station's parameters: units and upper legal limits, by column."""

    units: Mapping[str, str] = field(default_factory=dict)
    legal: Mapping[str, float] = field(default_factory=dict)


NO_FACTS = Facts()


def reasons_of(
    g: Gathering, evidence: Evidence, cls: TriageClass, strongest: Sequence[str], facts: Facts = NO_FACTS
) -> tuple[Bilingual, ...]:
    """Return up to three reasons for a class. ``strongest`` names the terms that speak for it, the strongest first."""
    said = _Words(g, evidence, facts)
    if cls is TriageClass.POLLUTION and said.harmful:
        return said.pollution()
    unfit = _UNFIT.get(cls, frozenset())
    named: dict[int, int] = {}
    worded: list[Bilingual] = []
    for name in strongest:
        if name in unfit or (words := said.term(name)) is None:
            continue
        about = {int(g.roles.quantity[j]): j for j in evidence.about[name]}
        if all(named.get(thing, j) == j for thing, j in about.items()):
            # Of two columns of one quantity only the first that is named: they are no two witnesses.
            named.update(about)
            worded.append(words)
    return tuple(worded[:MOST]) or (said.departure(said.lead, since=True),)


class _Words:
    def __init__(self, g: Gathering, evidence: Evidence, facts: Facts) -> None:
        self.g, self.evidence, self.facts = g, evidence, facts
        size = np.abs(g.farthest)
        self.moved = each_once(np.flatnonzero((size > MOVED) & np.isfinite(g.worst)), size, g.roles.quantity)
        """Sensors that moved, the farthest first, of two that measure one thing only that one."""
        kinds = [kind_of(column) or column for column in g.columns]
        self.harmful = [j for j in self.moved if j in g.targets and harmful(kinds[j], float(g.farthest[j]))]
        candidates = [j for j in self.moved if j in g.targets] or g.targets
        self.lead = max(candidates, key=lambda j: size[j])

    def pollution(self) -> tuple[Bilingual, ...]:
        """Return what moved and by how much, what moved with it, and what speaks against it."""
        lead, *others = self.harmful
        out = [self.departure(lead, since=True, limit=True)]
        if others:
            shown = [self.departure(j) for j in others[:_MOST_OTHERS]]
            more = len(others) - len(shown)
            vi, en = ", ".join(s.vi for s in shown), ", ".join(s.en for s in shown)
            if more:
                vi, en = f"{vi} và {more} thông số khác", f"{en} and {more} more"
            kind = self._kind()
            as_vi, as_en = (f": kiểu {kind.vi}", f": as in {kind.en}") if kind is not None else ("", "")
            out.append(Bilingual(f"cùng lúc {vi}{as_vi}", f"with it {en}{as_en}"))
        against = self._against(alone=not others)
        if against:
            vi, en = "; ".join(a.vi for a in against), "; ".join(a.en for a in against)
            out.append(Bilingual(f"nói ngược lại: {vi}", f"against it: {en}"))
        else:
            beside = self.term("lonely")
            vi, en = (f"; {beside.vi}", f"; {beside.en}") if beside is not None else ("", "")
            out.append(Bilingual(f"{_NOTHING_AGAINST.vi}{vi}", f"{_NOTHING_AGAINST.en}{en}"))
        return tuple(out[:MOST])

    def _kind(self) -> Bilingual | None:
        """Return the kind of pollution that at least two of the moved sensors look like."""
        which, support = best_pattern(self.g.farthest, self.g.roles)
        pattern = PATTERNS[which]
        return Bilingual(pattern.vi, pattern.en) if support > MOVED else None

    def _against(self, *, alone: bool) -> list[Bilingual]:
        out = []
        if alone:
            out.append(Bilingual("các thông số khác không đổi", "no other parameter moved"))
        out += [w for name in ("rain", "thin", "visited", "neighbours") if (w := self.term(name)) is not None]
        share = self.g.share()
        flows = [j for j in range(len(share)) if self.g.roles.explains[j] and share[j] > MORE_WATER]
        if flows:
            out.append(self.departure(max(flows, key=lambda j: share[j])))
        return out[:2]

    def departure(self, j: int, *, since: bool = False, limit: bool = False) -> Bilingual:
        """Say what a sensor showed at its farthest from its usual level."""
        g, column = self.g, self.g.columns[j]
        vi, en = names_of(column)
        value, usual = float(g.worst[j]), float(g.usual[j])
        if not (isfinite(value) and isfinite(usual)):
            return Bilingual(f"{vi} khác mức thường", f"{en} is off its usual level")
        unit = self.facts.units.get(column, "")
        unit = f" {unit}" if unit else ""
        up = g.farthest[j] > 0 if g.farthest[j] else value >= usual
        shown_vi, shown_en = f"{number_vi(value, 3)}{unit}", f"{number(value, 3)}{unit}"
        base_vi, base_en = number_vi(usual, 3), number(usual, 3)
        if usual > 0 and value > 0 and kind_of(column) not in _BY_UNITS:
            vi = f"{vi} {shown_vi}, bằng {number_vi(value / usual, 2)} lần mức thường ({base_vi})"
            en = f"{en} {shown_en}, {number(value / usual, 2)} times its usual level ({base_en})"
        else:
            word_vi, word_en = ("cao hơn", "above") if up else ("thấp hơn", "below")
            vi = f"{vi} {shown_vi}, {word_vi} mức thường ({base_vi})"
            en = f"{en} {shown_en}, {word_en} its usual level ({base_en})"
        if since and isfinite(g.since[j]):
            at = local_time(datetime.fromtimestamp(float(g.since[j]), UTC))
            vi, en = f"{vi}, từ {at}", f"{en}, since {at}"
        legal = self.facts.legal.get(column)
        if limit and legal:
            vi, en = f"{vi}, {percentage(value / legal)} giới hạn", f"{en}, {percentage(value / legal)} of the limit"
        return Bilingual(vi, en)

    def term(self, name: str) -> Bilingual | None:
        """Return the words of a term that has something to say; ``None``: it has not."""
        about = self.evidence.about.get(name)
        if about is None or self._too_little(name):
            return None
        if name == "gap":
            return _GONE if self.g.gone else _SILENT
        if name in {"size", "flow"}:
            return self.departure(about[0], since=name == "size")
        if name == "sense":
            which, _ = best_pattern(self.g.sense_z, self.g.roles)
            vi, en = self._names(about)
            pattern = PATTERNS[which]
            return Bilingual(f"{vi} cùng đổi theo kiểu {pattern.vi}", f"{en} moved as in {pattern.en}")
        words = _WORDS[name]
        vi, en = self._names(about) if about else ("", "")
        return Bilingual(words.vi.format(vi=vi), words.en.format(en=en))

    def _too_little(self, name: str) -> bool:
        """Whether a term is weighed, but is too little to be told, or is about one thing that two columns measure."""
        g = self.g
        if name in {"together", "senseless"}:
            return len({int(g.roles.quantity[j]) for j in self.evidence.about[name]}) < 2
        if name == "size" and abs(g.z[self.evidence.about[name][0]]) <= MOVED:
            return True
        return (name == "rain" and g.rain < MOVED) or (name == "thin" and g.thin < MOVED)

    def _names(self, where: Sequence[int]) -> Bilingual:
        named = [names_of(self.g.columns[j]) for j in where[:_MOST_OTHERS]]
        more = len(where) - len(named)
        vi, en = ", ".join(n.vi for n in named), ", ".join(n.en for n in named)
        return Bilingual(f"{vi} và {more} thông số khác", f"{en} and {more} more") if more else Bilingual(vi, en)

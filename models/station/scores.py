"""The charts of one station in the stream: rows in, probability and a sentence for every reading out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.chemistry import harmful
from models.protocol import Reason, Row, Triage, TriageClass
from models.slow.finding import Finding
from models.station import charts
from models.station.charts import REASONS, ResidualDetector, Said, probability_of
from models.station.judging import RowAssessment, pages
from quantrac.domain.parameters import names_of
from quantrac.domain.words import Bilingual, number, number_vi

MODEL_VERSION = "charts-4+pipeline-5+slow-6"
"""Stored with the scores: changes whenever the same readings would be scored differently."""


class ParameterScore(NamedTuple):
    """What the model says of one reading. A named tuple, not a dataclass: ten are made for every row of the stream.

    ``probability`` is 0..1, ``None`` while not ready, and at least 0.5 exactly when ``alarm`` is true. ``severity`` is
    1.0 at the threshold. ``harmful`` says that the alarm is on the polluting side of the parameter (COD high, DO low):
    only those are worth a page, the others a work item. ``level`` is the causal baseline in the parameter's unit.
    """

    probability: float | None
    severity: float
    alarm: bool
    harmful: bool
    reason: Reason
    text: Bilingual
    level: float
    triage: Triage | None = None
    """While in alarm: what the station's incident probably is; ``None`` where the pipeline cannot tell."""
    alone: bool = False
    """Whether no other parameter of the row is in alarm on its polluting side."""


NORMAL = Bilingual("bình thường", "normal")
PROVISIONAL = Bilingual(
    "bình thường (trạm mới, tạm dùng ngưỡng chung của thông số)", "normal (new station, scatter taken from the prior)"
)
LEARNING = Bilingual("đang học mức nền (chưa đủ số liệu)", "learning the baseline (too few readings yet)")
NOTABLE = 0.7
"""Severity from which a reading that is no alarm gets its own sentence: below, all say "normal"."""


def joined(scores: dict[str, ParameterScore], assessment: RowAssessment) -> dict[str, ParameterScore]:
    """Return the charts' scores of a row with what the pipeline says of it.

    A sensor is in alarm when its chart is, when the row is and the sensor is among the farthest off, or when a slow
    watch has found something at it.
    """
    if assessment.triage is None and not assessment.alarm and not assessment.findings:
        return scores
    out = {parameter: _joined(parameter, score, assessment) for parameter, score in scores.items()}
    polluting = [parameter for parameter, score in out.items() if score.alarm and score.harmful]
    if len(polluting) == 1:
        out[polluting[0]] = out[polluting[0]]._replace(alone=True)
    return out


def _joined(parameter: str, score: ParameterScore, assessment: RowAssessment) -> ParameterScore:
    finding = next((f for f in assessment.findings if f.parameter == parameter), None)
    if finding is not None and finding.cls is TriageClass.POLLUTION and not pages(assessment):
        return _found(score, finding)
    if score.alarm:
        return score._replace(triage=assessment.triage)
    deviation = assessment.leading.get(parameter)
    if not assessment.alarm or deviation is None or score.probability is None:
        return score if finding is None else _found(score, finding)
    severity = max(assessment.severity, 1.0)
    reason = Reason.RELATION if abs(deviation) < 1 else Reason.HIGH if deviation > 0 else Reason.LOW
    polluting = abs(deviation) >= 1 and harmful(parameter, deviation)
    text = _pattern(parameter, deviation, len(assessment.leading))
    return ParameterScore(
        probability_of(severity, True), severity, True, polluting, reason, text, score.level, assessment.triage
    )


def _found(score: ParameterScore, finding: Finding) -> ParameterScore:
    """Return the score with a slow watch's finding: an alarm, which pages nobody unless it is of pollution."""
    triage = Triage(finding.cls, finding.probability, (finding.text,))
    p, polluted = probability_of(1.0, True), finding.cls is TriageClass.POLLUTION
    return ParameterScore(p, 1.0, True, polluted, finding.reason, finding.text, score.level, triage)


def _pattern(parameter: str, deviation: float, together: int) -> Bilingual:
    vi, en = names_of(parameter)
    times_vi, times_en = number_vi(abs(deviation), 2), number(abs(deviation), 2)
    side_vi, side_en = ("cao hơn", "above") if deviation > 0 else ("thấp hơn", "below")
    others_vi = f", cùng {together - 1} thông số khác" if together > 1 else ""
    others_en = f", together with {together - 1} other{'s' if together > 2 else ''}" if together > 1 else ""
    return Bilingual(
        f"trạm khác quy luật thường ngày; {vi} {side_vi} mức bình thường {times_vi} lần độ lệch{others_vi}",
        f"the station departs from its usual pattern; {en} {times_en} scatters {side_en} its usual level{others_en}",
    )


class StationModel(ResidualDetector):
    """The residual charts of one station, with words. Pure: no clock, no input or output."""

    def score_row(self, row: Row, now: datetime) -> dict[str, ParameterScore] | None:
        """Learn from a row, and say what is unusual about each of its values.

        A parameter that is missing, unusable or unknown to the station has no entry, nor one of which a newer value was
        scored (late ones are stored and judged by limits, but never turn the baseline back). ``None`` for a late row of
        which nothing is left, and for one stamped well ahead of ``now``.
        """
        return self.worded(self.advance((row,), now))[0]

    def worded(self, said: Sequence[Said | None]) -> list[dict[str, ParameterScore] | None]:
        """Return what the charts said of rows, with words."""
        return [None if one is None else self._scores(one) for one in said]

    def _scores(self, said: Said) -> dict[str, ParameterScore]:
        scores: dict[str, ParameterScore] = {}
        for parameter, of_value in said.items():
            kind, severity, p, alarm, level, _, provisional = of_value
            if kind == charts.LEARNING:
                scores[parameter] = ParameterScore(None, 0.0, False, False, Reason.LEARNING, LEARNING, level)
            elif severity < NOTABLE and not alarm:
                text = PROVISIONAL if provisional else NORMAL
                scores[parameter] = ParameterScore(p, severity, False, False, Reason.NORMAL, text, level)
            else:
                scores[parameter] = self._notable(parameter, of_value)
        return scores

    def _notable(self, parameter: str, of_value: Sequence[float]) -> ParameterScore:
        kind, severity, p, alarm, level, z, _ = of_value
        reason = REASONS[int(kind)]
        polluting = bool(alarm) and reason is not Reason.RANGE and harmful(parameter, z)
        text = self._sentence(parameter, reason, of_value)
        return ParameterScore(p, severity, bool(alarm), polluting, reason, text, level)

    def _sentence(self, parameter: str, reason: Reason, of_value: Sequence[float]) -> Bilingual:
        _, _, _, alarm, level, z, provisional = of_value
        unit = self.config[self.places[parameter]].unit
        name_vi, name_en = names_of(parameter)
        unit = f" {unit}" if unit else ""
        if reason is Reason.RANGE:
            return Bilingual(f"{name_vi} ngoài dải đo của thiết bị", f"{name_en} outside the instrument's range")
        times_vi, times_en = number_vi(abs(z), 2), number(abs(z), 2)
        base_vi, base_en = number_vi(level, 3), number(level, 3)
        word_vi, word_en = ("cao hơn", "above") if z > 0 else ("thấp hơn", "below")
        vi = f"{name_vi} {word_vi} mức bình thường {times_vi} lần độ lệch (nền {base_vi}{unit})"
        en = f"{name_en} {times_en} scatters {word_en} its usual level (baseline {base_en}{unit})"
        if not alarm:
            vi, en = f"{vi}, chưa xác nhận", f"{en}, not confirmed"
        if provisional:
            vi, en = f"{vi}, trạm mới", f"{en}, new station"
        return Bilingual(vi, en)

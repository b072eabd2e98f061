"""Rules: the packaged ladder, versions, the round trip to the database's documents, and mistakes of authors."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alerts.rules import (
    Rule,
    document,
    load_rules,
    of_another_version,
    packaged_rules,
    pages_for_faults,
    parse_rules,
    rules_in_force,
)
from quantrac.domain.alerts import Severity
from quantrac.errors import RuleError

RULE = """
[[rule]]
code = "limit"
title_vi = "x"
title_en = "x"
effective_from = 2026-01-01
kind = "limit"
"""
STEP = """
[[rule.step]]
name = "exceed"
fraction = 1.0
severity = "high"
"""


def test_the_packaged_ladder(rules: tuple[Rule, ...]) -> None:
    ladder = next(r for r in rules if r.code == "limit")
    assert [(s.name, s.fraction, s.severity, s.page) for s in ladder.steps] == [
        ("tendency", 0.8, Severity.INFO, False),
        ("preparing", 0.9, Severity.WARNING, False),
        ("exceed", 1.0, Severity.HIGH, True),
    ]
    paging = {(r.code, s.name) for r in rules for s in r.steps if s.page}
    assert paging == {
        ("limit", "exceed"),
        ("day_mean", "legal"),
        ("anomaly", "pollution"),
        ("unusable", "hours"),
        ("flat_high", "hour"),
    }


def test_documents_round_trip_through_json(rules: tuple[Rule, ...]) -> None:
    assert parse_rules([json.loads(json.dumps(document(r))) for r in rules]) == rules


@pytest.mark.parametrize("key", ["pollution", "process"])
def test_the_least_probability_of_pollution_is_read_under_its_old_name_too(
    tmp_path: Path, rules: tuple[Rule, ...], key: str
) -> None:
    text = (packaged_rules() / "default.toml").read_text("utf-8").replace("\npollution =", f"\n{key} =")
    assert f"\n{key} = 0.88\n" in text
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    assert load_rules([file]) == rules
    stored = [document(rule) for rule in rules]
    for step in (step for each in stored for step in each["step"]):
        step[key] = step.pop("pollution")
    assert parse_rules(stored) == rules


def test_an_anomaly_rule_that_pages_for_faults_is_found(rules: tuple[Rule, ...]) -> None:
    day = date(2026, 11, 23)
    assert pages_for_faults(rules, day) == ()
    old = [
        replace(r, steps=tuple(replace(s, pollution=0.0) for s in r.steps)) if r.code == "anomaly" else r for r in rules
    ]
    assert pages_for_faults(old, day) == ("anomaly",)


def test_what_an_older_version_has_imported_is_told(rules: tuple[Rule, ...]) -> None:
    of_old = [replace(r, keep_firing=9) if r.code == "anomaly" else r for r in rules if r.code != "offline"]
    assert of_another_version(of_old, rules) == (["offline"], ["anomaly"])
    # Of a rule that the operator has withdrawn, or given a version of another date, nothing is said.
    own = [replace(r, effective_from=date(2026, 6, 1), enabled=r.code != "offline") for r in rules]
    assert of_another_version(own, rules) == of_another_version(rules, rules) == ([], [])


def test_the_version_in_force(rules: tuple[Rule, ...]) -> None:
    first = next(r for r in rules if r.code == "limit")
    second = replace(first, effective_from=date(2026, 6, 1), keep_firing=9)
    withdrawn = replace(first, effective_from=date(2026, 9, 1), enabled=False)
    versions = [withdrawn, second, first]
    assert rules_in_force(versions, date(2026, 5, 31)) == (first,)
    assert rules_in_force(versions, date(2026, 6, 1)) == (second,)
    assert rules_in_force(versions, date(2026, 9, 1)) == ()
    assert rules_in_force(versions, date(2019, 1, 1)) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE, r"rules.toml: rule limit, step: is missing"),
        (RULE + STEP.replace("severity", "severty"), r"rule limit, step exceed, severty: is not a known key"),
        (RULE + STEP.replace("high", "hihg"), r"severity: 'hihg' is not known; did you mean 'high'"),
        (RULE + STEP.replace("fraction = 1.0", ""), r"step exceed, fraction: is missing"),
        (RULE + STEP + "pending = 0", r"pending: is 0; give a whole number"),
        (RULE + STEP + "clear = 1.2", r"clear: is 1.2, above the 1"),
        (RULE + STEP + "pollution = 1.5", r"pollution: is 1.5; it must be from 0 to 1"),
        (RULE + STEP + "process = 1.5", r"process: is 1.5; it must be from 0 to 1"),
        (RULE + STEP + "process = 0.5\npollution = 0.5", r"process: is the old name of pollution, .* remove it"),
        (RULE + STEP + STEP.replace("1.0", "0.8"), r"write the mildest step first"),
        (RULE + 'window = "day"\nkeep_firing = 2' + STEP, r"must be 1 for hours and days"),
        (RULE.replace('"limit"\n', '"fault"\n') + 'window = "day"' + STEP, r"only rules of kind limit judge"),
        (RULE + STEP + RULE + STEP, r"effective_from 2026-01-01 stands twice"),
        ("", r"no \[\[rule\]\] is described"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RuleError, match=message):
        load_rules([file])

"""R4: what a running version reads, and what an import needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from alerts.readable import readable, rules_need, stations_need, unreadable
from alerts.rules import document, load_rules, packaged_rules
from quantrac.domain.running_workers import RunningWorker
from quantrac.registry import load_registry, recorded_feeds, sample_province

SINCE = datetime(2026, 11, 29, tzinfo=UTC)


def test_r4_this_version_reads_all_that_it_ships() -> None:
    needs = rules_need(document(rule) for rule in load_rules([packaged_rules()]))
    needs |= stations_need(load_registry([sample_province(), recorded_feeds()]))
    assert len(needs) > 40
    assert unreadable(needs, [RunningWorker("0.1.0", SINCE, readable())]) == []


def test_r4_an_older_running_worker_is_named_with_what_it_cannot_read() -> None:
    rules = load_rules([packaged_rules()])
    needs = rules_need(document(rule) | {"kind": "smell", "scent": 1} for rule in rules[:1])
    now = RunningWorker("0.1.0", SINCE, readable())
    old = replace(now, version="0.0.9", reads=now.reads - {"rule kind limit"})
    first, second = unreadable(needs, [now, old])
    assert first == (
        "A worker of version 0.1.0, running since 2026-11-29 07:00:00, cannot read rule key scent, rule kind smell: it "
        "would stop judging. Update and restart it, then import again."
    )
    assert "version 0.0.9" in second

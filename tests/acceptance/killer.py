"""A seeded random killer: kills over every process and server, several at once, while a fleet publishes.

``python -m tests.acceptance.killer --seconds 3600 --seed 5`` runs it as long as wanted.
"""

from __future__ import annotations

import argparse
import os
import random
from collections import Counter
from collections.abc import Iterator

from local.stage import Stage, temporary_stage
from quantrac.clock import SystemClock
from quantrac.registry import load_registry, sample_province, with_cadence
from quantrac.settings import load_settings

from .run import Run, under_load

LONGEST_AWAY_S = 4.0
LONGEST_PEACE_S = 5.0
WATCHED_S = 90.0
"""How long the last outage may keep workers from looking for what is due: they look every ten seconds."""


def rounds(seed: int, names: list[str]) -> Iterator[tuple[list[str], float, float]]:
    """Yield what is killed at once, for how long it is away, and how long is peace before the next round (s)."""
    chance = random.Random(seed)
    while True:
        killed = chance.sample(names, chance.choices([1, 2, 3], [5, 3, 2])[0])
        yield killed, chance.uniform(0.1, LONGEST_AWAY_S), chance.uniform(0.5, LONGEST_PEACE_S)


def kill_at_random(run: Run, seconds: float, seed: int) -> int:
    """Kill for a while, and let everything run again; return how many were killed."""
    stage, killed = run.stage, 0
    servers = {s.name: s for s in stage.servers.all if s.name in {"kafka", "mosquitto", "postgres"}}
    parts = {p.name: p for p in stage.parts if p.name != "trainer"}
    ends_s = stage.clock.monotonic_s() + seconds
    for names, away_s, peace_s in rounds(seed, [*servers, *parts]):
        if stage.clock.monotonic_s() > ends_s:
            break
        run.leave_kafka()
        if "notifier" in names and "postgres" not in names:
            stage.pipeline.notifier.kill()
            run.killed_in_hand |= run.leased()
        for name in names:
            (servers.get(name) or parts[name]).kill()
        killed += len(names)
        print(f"killed {', '.join(names)} for {away_s:.1f} s", flush=True)  # noqa: T201  (figures of the report)
        stage.let(away_s)
        for name in names:
            if name in servers:
                servers[name].start()
        if "postgres" in names:
            run.killed_in_hand |= run.leased()
        stage.let(peace_s)
    for part in stage.parts:
        part.launch()
    stage.ready()
    return killed


def run_for(stage: Stage, seconds: float, seed: int) -> None:
    """Run fleet and killer, then demand that nothing is lost, nothing stored twice and nothing mailed twice."""
    from .test_loss import assert_each_alert_is_mailed_once

    with under_load(stage, "effluent#1") as run:
        killed = kill_at_random(run, seconds, seed)
        # The fleet sends faster than its stations are registered to: each sensor is a work item. Workers that are
        # killed again and again may never get to look for what is due; left alone they do.
        stage.until(
            lambda: any(alert.rule == "cadence" for alert in run.look().alerts),
            WATCHED_S,
            lambda: f"What is due is not watched. {run.told()}",
        )
        account = run.finish()
        rows, distinct = run.rows()
        rules = Counter(alert.rule for alert in account.alerts)
        print(f"{killed} kills, seed {seed}: {rows} rows; alerts {dict(rules)}; {run.told()}", flush=True)  # noqa: T201
        # An outage of our own is no silence of theirs.
        assert not {"offline", "unusable"} & rules.keys(), rules
        assert account.residual == 0, run.told()
        assert account.missing_messages == 0, run.told()
        assert rows == distinct == account.ledger.stored, run.told()
        assert (account.ledger.dead_letter, account.ledger.revision) == (0, 0), run.told()
        assert run.reports.log_breaks() == [], run.told()  # nobody cut the log or restored the database
        assert_each_alert_is_mailed_once(run, account)


def main() -> None:
    """Run as long as wanted on a stage of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    os.environ["QUANTRAC_INCIDENT_PAGES"] = "false"  # each alert is mailed by itself, so that each can be counted
    registry = with_cadence(load_registry([sample_province()]), cadence_s=1.0)
    with temporary_stage("killer", load_settings(), registry, SystemClock(), workers=2) as stage:
        stage.start()
        run_for(stage, given.seconds, given.seed)


if __name__ == "__main__":
    main()

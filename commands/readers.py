"""Before an import: whether every worker that runs can read it."""

from __future__ import annotations

from quantrac.errors import RuleError


def refuse_unreadable(owner: str, needs: frozenset[str]) -> None:
    """Refuse an import that a running worker cannot read.

    Raises
    ------
    RuleError
        With a sentence for each worker that cannot: its version, and what.
    """
    from alerts.readable import RunningWorker, unreadable
    from sql.running_workers import running_workers

    running = [RunningWorker(w.version, w.started_at, frozenset(w.reads)) for w in running_workers(owner)]
    problems = unreadable(needs, running)
    if problems:
        raise RuleError("\n".join(problems))

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
    from alerts.readable import unreadable
    from sql.running_workers import running_workers

    problems = unreadable(needs, running_workers(owner))
    if problems:
        raise RuleError("\n".join(problems))

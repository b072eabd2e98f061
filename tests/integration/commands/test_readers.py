"""R4: an import is refused while a worker runs that cannot read it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from alerts.readable import readable
from commands.readers import refuse_unreadable
from quantrac.endpoints import DatabaseEndpoint
from quantrac.errors import RuleError
from sql.worker_store import WorkerStore


def test_r4_an_import_waits_for_the_workers_that_cannot_read_it(database: DatabaseEndpoint) -> None:
    needs = frozenset({"rule kind limit", "rule key code"})
    refuse_unreadable(database.owner, needs)  # none runs
    old, new = uuid4(), uuid4()
    store = WorkerStore(database.writer)
    for worker, reads in ((old, {"rule key code"}), (new, readable())):
        with store.transaction() as tx:
            tx.running.runs(worker, reads)
    with pytest.raises(RuleError, match="cannot read rule kind limit: it would stop judging") as told:
        refuse_unreadable(database.owner, needs)
    assert len(str(told.value).splitlines()) == 1
    with store.transaction() as tx:
        tx.running.ended(old)
    refuse_unreadable(database.owner, needs)
    store.close()

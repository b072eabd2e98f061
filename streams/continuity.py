"""Whether records continue the committed progress: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quantrac.errors import ProgressError
from streams.records import RawRecord


def continue_from(
    progress: Mapping[int, int], records: Sequence[RawRecord]
) -> tuple[list[RawRecord], list[RawRecord], dict[int, int]]:
    """Return the records that are new, those that were committed before, and the progress after them.

    A record that stands twice in ``records`` is new once.

    Raises
    ------
    ProgressError
        A record does not continue the progress: to take it would pass over those between.
    """
    reached = dict(progress)
    fresh, again = [], []
    for record in records:
        expected = reached[record.partition]
        if record.offset > expected:
            raise ProgressError(
                f"Partition {record.partition} of the raw topic: after everything before offset {expected} was "
                f"committed, Kafka delivered offset {record.offset}. Nothing is passed over: the worker ends, and "
                f"reads from {expected} when it starts again. If this repeats, Kafka has no records {expected} to "
                f"{record.offset - 1} though its log begins before them (`quantrac progress list`): find out why, "
                f"then `quantrac progress accept {record.partition} {record.offset} --by NAME`."
            )
        if record.offset == expected:
            fresh.append(record)
            reached[record.partition] = expected + 1
        elif record.offset < progress[record.partition]:
            again.append(record)
    return fresh, again, {p: offset for p, offset in reached.items() if offset != progress[p]}

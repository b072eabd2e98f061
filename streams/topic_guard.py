"""Whether the raw topic is still the one whose progress the database keeps."""

from __future__ import annotations

from collections.abc import Mapping

import stamina

from quantrac import topics
from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import BrokerError, ProgressError
from streams.app import GROUP
from streams.arrival import LONGEST_PAUSE_S
from streams.lag import LagProbe
from streams.positions import ids_of, source_of
from streams.raw_reader import RawReader

COMPARE_S = 20.0
"""For so long a worker tries to see whether the last records are still those that were committed."""


class TopicGuard:
    """Looks at the broker. Blocking; each call has a connection of its own."""

    def __init__(self, kafka: KafkaEndpoint, source: str) -> None:
        self._kafka, self._source = kafka, source

    @stamina.retry(on=BrokerError, attempts=None, timeout=None, wait_initial=0.5, wait_max=LONGEST_PAUSE_S)
    def look(self) -> None:
        """Do as :meth:`require` with a connection of its own; a broker that is away is waited for.

        Raises
        ------
        ProgressError
            As there.
        """
        with LagProbe(self._kafka, GROUP, topics.RAW) as probe:
            self.require(probe)

    @stamina.retry(on=BrokerError, attempts=None, timeout=COMPARE_S, wait_initial=0.5, wait_max=LONGEST_PAUSE_S)
    def rewritten(self, last: Mapping[int, tuple[int, bytes]]) -> set[int]:
        """Return the partitions whose last committed record is another one in Kafka now.

        Raises
        ------
        BrokerError
            Kafka does not give them within ``COMPARE_S``.
        """
        found = set()
        with RawReader(self._kafka, topics.RAW) as reader:
            for partition, (offset, digest) in last.items():
                records = reader.read(partition, offset, offset + 1)
                if records and records[0].digest != digest:
                    found.add(partition)
        return found

    def require(self, probe: LagProbe) -> None:
        """Return when the raw topic is still the one whose progress this worker keeps.

        Raises
        ------
        ProgressError
            It is gone, or another one has its name: offsets mean nothing any more.
        """
        topic_id = probe.topic_id()
        found = source_of(probe.cluster_id(), topic_id) if topic_id else ""
        if found != self._source:
            raise ProgressError(
                f"The raw topic was deleted or made anew while this worker ran: it reads the one with the id "
                f"{ids_of(self._source)}, and Kafka has {ids_of(found) or 'none of this name'}. The worker ends; when "
                "it starts again it reads the new topic from its beginning and says what of the old one was not "
                "processed (`quantrac progress list`)."
            )

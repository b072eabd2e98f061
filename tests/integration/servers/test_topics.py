from __future__ import annotations

from collections.abc import Callable

import pytest

from local.servers import create_topics
from quantrac.endpoints import KafkaEndpoint
from quantrac.errors import SettingsError
from quantrac.topics import KafkaTopic


def test_topics_are_created_once(kafka: KafkaEndpoint, make_topics: Callable[..., tuple[str, ...]]) -> None:
    (name,) = make_topics("a", partitions=3)
    assert create_topics(kafka, (KafkaTopic(name, 3, 1),)) == ()


def test_another_partition_count_is_a_sentence(
    kafka: KafkaEndpoint, make_topics: Callable[..., tuple[str, ...]]
) -> None:
    (name,) = make_topics("a", partitions=3)
    with pytest.raises(SettingsError, match=f"{name} has 3 partitions, but the settings ask for 4"):
        create_topics(kafka, (KafkaTopic(name, 4, 1),))


def test_own_topics_can_be_emptied(fresh_topics: Callable[..., KafkaEndpoint]) -> None:
    fresh_topics(partitions=2)
    endpoint = fresh_topics(partitions=3)
    assert create_topics(endpoint, (KafkaTopic("quantrac.raw", 3, 1),)) == ()

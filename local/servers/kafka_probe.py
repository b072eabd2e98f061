"""Asking Kafka whether it answers at all. kafka-python waits without end for the TLS of a broker that is frozen."""

from __future__ import annotations

from local.servers.asking import answers, context_of
from quantrac.endpoints import KafkaEndpoint, KafkaSecurity

API_VERSIONS = b"\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff"
"""ApiVersions, version 0, without a client id: what every broker answers before anybody has logged in."""


def kafka_answers(endpoint: KafkaEndpoint, timeout_s: float) -> bool:
    """Whether one of the brokers says anything, within the time for all of them together."""
    brokers = endpoint.bootstrap.split(",")
    encrypted = endpoint.security in (KafkaSecurity.SSL, KafkaSecurity.SASL_SSL)
    tls = context_of(endpoint.ca_file) if encrypted else None
    for broker in brokers:
        host, _, port = broker.strip().rpartition(":")
        patience_s = timeout_s / len(brokers)
        if answers(API_VERSIONS, host.strip("[]"), int(port), tls=tls, timeout_s=patience_s):
            return True
    return False

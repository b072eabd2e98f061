"""What our own Kafka and its clients agree upon."""

from __future__ import annotations

import socket

from local.servers.kafka import CIPHERS, Kafka
from quantrac.kafka_tls import KafkaTlsContext


def test_the_cheapest_cipher_is_spoken_and_a_socket_is_named_without_asking_the_kernel(kafka_server: Kafka) -> None:
    endpoint = kafka_server.endpoint()
    context = KafkaTlsContext(endpoint.ca_file)
    with (
        socket.create_connection((kafka_server.host, kafka_server.port), 10) as plain,
        context.wrap_socket(plain, server_hostname=kafka_server.host) as encrypted,
    ):
        cipher = encrypted.cipher()
        assert cipher is not None
        assert cipher[0] == CIPHERS[0]
        assert "addr" not in repr(encrypted)

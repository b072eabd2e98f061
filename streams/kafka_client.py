"""Arguments of kafka-python clients for an endpoint: used to look at the broker from outside of Faust."""

from __future__ import annotations

from typing import Any

from quantrac.endpoints import KafkaEndpoint, KafkaSecurity


def client_arguments(endpoint: KafkaEndpoint) -> dict[str, Any]:
    """Return the keyword arguments that connect a kafka-python client."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": endpoint.bootstrap.split(","),
        "security_protocol": endpoint.security.value,
    }
    if endpoint.security in (KafkaSecurity.SASL_SSL, KafkaSecurity.SASL_PLAINTEXT):
        arguments |= {
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": endpoint.user,
            "sasl_plain_password": endpoint.password,
        }
    if endpoint.ca_file is not None:
        arguments["ssl_cafile"] = str(endpoint.ca_file)
    return arguments

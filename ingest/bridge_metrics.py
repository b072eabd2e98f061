"""Prometheus metrics of the bridge."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECEIVED = Counter("quantrac_bridge_received_total", "MQTT messages received, re-deliveries included")
REDELIVERED = Counter("quantrac_bridge_redelivered_total", "MQTT messages received with the DUP flag")
ACKNOWLEDGED = Counter("quantrac_bridge_acknowledged_total", "PUBACKs sent, each after Kafka's acknowledgement")
TRUNCATED = Counter("quantrac_bridge_truncated_total", "Messages beyond Kafka's limit, forwarded with their beginning")
FAULTS = Counter("quantrac_bridge_faults_total", "Times that a connection had to be made anew", ["side"])
SESSIONS_LOST = Counter(
    "quantrac_bridge_sessions_lost_total",
    "Times that the broker no longer had the session of a bridge that it had known",
)
WINDOW = Gauge("quantrac_bridge_window", "Messages received and not acknowledged yet")
CONNECTED = Gauge("quantrac_bridge_connected", "1 while the MQTT session is up and Kafka takes messages")
STORED_S = Histogram(
    "quantrac_bridge_stored_seconds",
    "From the receipt of a message to its PUBACK, by the oldest message of each turn",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 120),
)

"""From the stations to Kafka: the MQTT bridge, and one decoder per device format.

Reading order: ``bridge`` is the whole of it in one loop; ``window`` keeps what is received and not yet acknowledged;
``mqtt_session`` and ``kafka_sender`` are its two sides. ``payloads`` turns the original bytes into readings and
refusals, later and in the worker. ``reinjection`` sends an original message again once the cause of its refusal is
mended.
"""

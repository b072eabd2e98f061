"""From the stations to Kafka: the MQTT bridge, and one decoder per device format."""

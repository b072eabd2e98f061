"""Simulated and recorded feeds that take the same route as a real logger: MQTT, with an encoder of their own."""

"""What one machine needs to run everything; used by the commands, the benchmark and the tests, by no other part.

Reading order: ``servers`` fetches and runs Mosquitto, Kafka, TimescaleDB and a mail catcher as ordinary processes;
``prepare`` makes them ready (topics, schema, stations, limits, rules). ``processes`` runs our own commands under a
supervisor; ``stage`` joins both with a simulated fleet, and ``accounts`` says what became of the fleet's readings.
``demo`` shows one stage to people, by ``screen``, and says with ``story`` whether it showed what it promises.
"""

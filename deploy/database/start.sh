#!/bin/sh
# PostgreSQL takes no key that others can read, and a mounted secret is one: it gets a copy of its own in memory.
set -eu
install -m 600 /run/secrets/database_key.pem /run/tls/key.pem
install -m 644 /run/secrets/database_cert.pem /run/tls/cert.pem
exec docker-entrypoint.sh postgres \
    -c ssl=on -c ssl_cert_file=/run/tls/cert.pem -c ssl_key_file=/run/tls/key.pem \
    -c hba_file=/etc/quantrac/pg_hba.conf -c password_encryption=scram-sha-256 \
    -c synchronous_commit=on -c timezone=UTC -c log_timezone=UTC -c timescaledb.telemetry_level=off

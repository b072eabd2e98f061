#!/bin/sh
# Run once, by the image, when the database is created: the three roles, and a database that the owner owns.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set=owner="$(cat /run/secrets/owner_password)" \
    --set=writer="$(cat /run/secrets/writer_password)" \
    --set=reader="$(cat /run/secrets/reader_password)" <<'SQL'
CREATE ROLE quantrac_owner LOGIN PASSWORD :'owner';
CREATE ROLE quantrac_writer LOGIN PASSWORD :'writer';
CREATE ROLE quantrac_reader LOGIN PASSWORD :'reader';
CREATE DATABASE quantrac OWNER quantrac_owner;
REVOKE ALL ON DATABASE quantrac FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE quantrac TO quantrac_owner, quantrac_writer, quantrac_reader;
\connect quantrac
CREATE EXTENSION IF NOT EXISTS timescaledb;
SQL

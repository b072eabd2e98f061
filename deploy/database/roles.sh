#!/bin/sh
# Run by the image when the database is created: the roles, and a database that the owner owns. Run again by hand after an
# update, or when a password was made anew (README.md). psql reads the passwords itself: on its command line every process
# of the machine could read them.
set -eu
PGPASSWORD=${PGPASSWORD:-$(cat /run/secrets/postgres_password)}
export PGPASSWORD
psql() { command psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" "$@"; }
if [ -z "$(psql --dbname postgres --tuples-only --no-align --command "SELECT 1 FROM pg_database WHERE datname = 'quantrac'")" ]; then
    psql --dbname postgres --command "CREATE DATABASE quantrac"
fi
psql --dbname quantrac --file /etc/quantrac/administration.sql
psql --dbname quantrac <<'SQL'
\set owner `cat /run/secrets/owner_password`
\set writer `cat /run/secrets/writer_password`
\set notifier `cat /run/secrets/notifier_password`
\set desk `cat /run/secrets/desk_password`
\set trainer `cat /run/secrets/trainer_password`
\set intake `cat /run/secrets/intake_password`
\set reader `cat /run/secrets/reader_password`
\set web `cat /run/secrets/web_password`
-- What is sent is what the log would show of a failing statement.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
ALTER ROLE quantrac_owner PASSWORD :'owner';
ALTER ROLE quantrac_writer PASSWORD :'writer';
ALTER ROLE quantrac_notifier PASSWORD :'notifier';
ALTER ROLE quantrac_desk PASSWORD :'desk';
ALTER ROLE quantrac_trainer PASSWORD :'trainer';
ALTER ROLE quantrac_intake PASSWORD :'intake';
ALTER ROLE quantrac_reader PASSWORD :'reader';
ALTER ROLE quantrac_web PASSWORD :'web';
ALTER DATABASE quantrac OWNER TO quantrac_owner;
REVOKE ALL ON DATABASE quantrac FROM PUBLIC;
GRANT CONNECT ON DATABASE quantrac
    TO quantrac_owner, quantrac_writer, quantrac_notifier, quantrac_desk, quantrac_trainer, quantrac_intake,
        quantrac_reader, quantrac_web;
CREATE EXTENSION IF NOT EXISTS timescaledb;
SQL

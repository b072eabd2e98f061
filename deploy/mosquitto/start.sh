#!/bin/sh
# Hashes the users' passwords into memory and becomes the broker. The files are Mosquitto's own and closed to others,
# as it demands.
set -eu
umask 077
cp /run/secrets/mqtt_users /run/mosquitto/passwords
mosquitto_passwd -U /run/mosquitto/passwords
cp /etc/quantrac/acl /run/mosquitto/acl
exec mosquitto -c /etc/quantrac/mosquitto.conf

#!/bin/sh
# Brings users, passwords and rights from the mounted files to the broker, and a running broker to read them: who lost its
# password is disconnected, nobody else is. The files are Mosquitto's own and closed to others, as it demands.
set -eu
umask 077
cp /run/secrets/mqtt_users /run/mosquitto/passwords.new
mosquitto_passwd -U /run/mosquitto/passwords.new
mv /run/mosquitto/passwords.new /run/mosquitto/passwords
cp /etc/quantrac/acl /run/mosquitto/acl
for pid in $(pidof mosquitto || true); do kill -HUP "$pid"; done

#!/bin/sh
# Hashes the users' passwords into memory and becomes the broker. Its log goes through a filter that leaves out the lines
# about every single packet and every writing of the queue, but for those of denied messages.
set -eu
umask 077
sh /etc/quantrac/users.sh
mkfifo /run/mosquitto/log
awk '!/^[^ ]+: ((Received|Sending) [A-Z]|No will message|Will message|Saving in-memory|\t)/ { print; fflush() }' </run/mosquitto/log >&2 &
exec mosquitto -c /etc/quantrac/mosquitto.conf 2>/run/mosquitto/log

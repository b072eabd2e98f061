#!/bin/sh
# Hashes the users' passwords into memory and becomes the broker. Its log goes through a filter that leaves out the lines
# about every single packet and every writing of the queue, but for those of denied messages, and notes the bridges.
set -eu
umask 077
sh /etc/quantrac/users.sh
for bridge in $(cut -d: -f1 /run/mosquitto/bridges); do
    if grep -qF "$bridge" /mosquitto/data/mosquitto.db 2>/dev/null; then echo "$bridge"; fi
done >/run/mosquitto/restored
mkfifo /run/mosquitto/log
awk -v noted=/run/mosquitto/connected '/: New client connected from [^ ]+ as bridge-/ { print $8 >>noted; close(noted) }
    !/^[^ ]+: ((Received|Sending) [A-Z]|No will message|Will message|Saving in-memory|\t)/ { print }
    { fflush() }' </run/mosquitto/log >&2 &
exec mosquitto -c /etc/quantrac/mosquitto.conf 2>/run/mosquitto/log

#!/bin/sh
# Hashes the users' passwords into memory and becomes the broker. Its log goes through a filter that leaves out the lines
# about every single packet and every writing of the queue, but for those of denied messages, and notes the bridges.
# BROKER_ROOT is empty in the container.
set -eu
umask 077
run=${BROKER_ROOT:-}/run/mosquitto
sh "${BROKER_ROOT:-}/etc/quantrac/users.sh"
for bridge in $(cut -d: -f1 "$run/bridges"); do
    if grep -qF "$bridge" "${BROKER_ROOT:-}/mosquitto/data/mosquitto.db" 2>/dev/null; then echo "$bridge"; fi
done >"$run/restored"
mkfifo "$run/log"
awk -v noted="$run/connected" '/: New client connected from [^ ]+ as bridge-/ { print $8 >>noted; close(noted) }
    !/^[^ ]+: ((Received|Sending) [A-Z]|No will message|Will message|Saving in-memory|\t)/ { print }
    { fflush() }' <"$run/log" >&2 &
echo $$ >"$run/pid"
exec mosquitto -c "${BROKER_ROOT:-}/etc/quantrac/mosquitto.conf" 2>"$run/log"

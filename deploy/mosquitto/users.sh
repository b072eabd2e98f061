#!/bin/sh
# Brings users, passwords and rights from the mounted files to the broker, and a running broker to read them: who lost its
# password is disconnected, nobody else is. The files are Mosquitto's own and closed to others, as it demands.
#
# A reload takes the right to read from every session whose user cannot be asked for its password: a bridge's that has not
# connected since the broker's start, or whose password is another now. What stations send until that bridge is back
# would be acknowledged and dropped. Then the broker ends instead, and its container starts it again.
set -eu
umask 077
cd "${BROKER_ROOT:-}/run/mosquitto"
users=${BROKER_ROOT:-}/run/secrets/mqtt_users
cp "$users" passwords.new
mosquitto_passwd -U passwords.new
mv passwords.new passwords
cp "${BROKER_ROOT:-}/etc/quantrac/acl" acl

grep '^bridge-' "$users" >bridges.new || true
signal=HUP
cmp -s bridges bridges.new || signal=TERM
mv bridges.new bridges
for bridge in $(cat restored 2>/dev/null || true); do  # those with a session at the broker's start
    grep -qx "$bridge" connected 2>/dev/null || signal=TERM
done
if [ -e pid ]; then  # the broker runs, or is about to
    [ $signal = HUP ] || echo "The broker starts again: a reload would take a bridge's messages from it." >&2
    kill -$signal "$(cat pid)"
fi

#!/usr/bin/env bash
# Gives stations their user and password at the broker: its logger logs in with its station code and this password.
#
#   deploy/add-station.sh DT_KCNSADEC_NUOSXL ...     then: docker compose restart mosquitto
#
# The printed passwords are for the loggers' makers. A station that is there already keeps its password.
set -euo pipefail

if [[ $# -eq 0 ]]; then
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
users=${SECRETS_DIR:-$(dirname "$(readlink -f "$0")")/secrets}/mqtt_users
[[ -s $users ]] || { echo "add-station.sh: $users is missing; run deploy/prepare.sh first." >&2; exit 1; }
for code in "$@"; do
    if [[ ! $code =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$ || $code == bridge ]]; then
        echo "add-station.sh: '$code' cannot be a station code." >&2
        exit 2
    fi
done
for code in "$@"; do
    if grep -q "^$code:" "$users"; then
        echo "$code: has a password already"
    else
        password=$(openssl rand -hex 16)
        # Written in place: the container has this very file.
        printf '%s:%s\n' "$code" "$password" >>"$users"
        echo "$code $password"
    fi
done

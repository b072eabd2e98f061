#!/usr/bin/env bash
# Gives stations their user and password at the broker: its logger logs in with its station code and this password.
#
#   deploy/add-station.sh DT_KCNSADEC_NUOSXL ...            a station that is there already keeps its password
#   deploy/add-station.sh --rotate DT_KCNSADEC_NUOSXL ...   another password; the old one is worth nothing
#   deploy/add-station.sh --revoke DT_KCNSADEC_NUOSXL ...   none any more
#
# Then: docker compose exec mosquitto sh /etc/quantrac/users.sh     (the broker runs on; who lost its password is
# disconnected). The printed passwords are for the loggers' makers.
set -euo pipefail

action=add
case ${1:-} in
    --rotate | --revoke) action=${1#--}; shift ;;
esac
if [[ $# -eq 0 ]]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
users=${SECRETS_DIR:-$(dirname "$(readlink -f "$0")")/secrets}/mqtt_users
[[ -s $users ]] || { echo "add-station.sh: $users is missing; run deploy/prepare.sh first." >&2; exit 1; }
for code in "$@"; do
    if [[ ! $code =~ ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$ || $code =~ ^(bridge|bridge-.*|probe)$ ]]; then
        echo "add-station.sh: '$code' cannot be a station code." >&2
        exit 2
    fi
    if [[ $action != add ]] && ! grep -q "^$code:" "$users"; then
        echo "add-station.sh: '$code' has no password here." >&2
        exit 1
    fi
done
for code in "$@"; do
    if [[ $action == add ]] && grep -q "^$code:" "$users"; then
        echo "$code: has a password already"
        continue
    fi
    # Written in place: the container has this very file.
    others=$(grep -v "^$code:" "$users")
    if [[ $action == revoke ]]; then
        printf '%s\n' "$others" >"$users"
        echo "$code: has no password any more"
    else
        password=$(openssl rand -hex 16)
        printf '%s\n%s:%s\n' "$others" "$code" "$password" >"$users"
        echo "$code $password"
    fi
done

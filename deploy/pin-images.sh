#!/usr/bin/env bash
# Pulls the images that compose.yaml starts and writes them into deploy/.env with their digests: from then on this machine
# runs what was pulled and looked at, whatever a registry makes of the tag. Run it again to take a newer one up.
#
#   deploy/pin-images.sh                                        the tags below
#   deploy/pin-images.sh DATABASE_IMAGE=timescale/timescaledb:TAG   another tag of one of them
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
env=${ENV_FILE:-$here/.env}

declare -A images=(
    [MOSQUITTO_IMAGE]=eclipse-mosquitto:2.0.22
    [KAFKA_IMAGE]=apache/kafka:4.3.1
    [DATABASE_IMAGE]=timescale/timescaledb:2.19.3-pg17
    [GRAFANA_IMAGE]=grafana/grafana:12.4.11
    [PYTHON_IMAGE]=python:3.11.14-slim-trixie
)
for word in "$@"; do
    if [[ -z ${images[${word%%=*}]:-} || $word != *=* ]]; then
        echo "pin-images.sh: '$word' is not NAME=IMAGE:TAG with one of ${!images[*]}." >&2
        exit 2
    fi
    images[${word%%=*}]=${word#*=}
done

pinned=""
for name in "${!images[@]}"; do
    docker pull --quiet "${images[$name]}" >/dev/null
    # name@sha256:... as the registry that it was pulled from calls it.
    digest=$(docker image inspect --format '{{index .RepoDigests 0}}' "${images[$name]}")
    if [[ $digest != *@sha256:* ]]; then
        echo "pin-images.sh: the registry gave no digest for ${images[$name]}." >&2
        exit 1
    fi
    pinned+="# ${images[$name]}"$'\n'"$name=$digest"$'\n'
done
others=$({ [[ -s $env ]] && cat "$env" || true; } | grep -vE "^# .*:|^($(IFS='|'; echo "${!images[*]}"))=" || true)
printf '%s%s' "${others:+$others$'\n'}" "$pinned" >"$env.new"
mv "$env.new" "$env"
echo "Pinned in $env:"
printf '%s' "$pinned"

#!/bin/bash
# Formats the storage the first time and becomes the node.
set -euo pipefail
cd "${KAFKA_HOME:-/opt/kafka}"
config=${1:-/run/secrets/kafka.properties}
bin/kafka-storage.sh format --ignore-formatted --standalone --cluster-id "$(</run/secrets/kafka_cluster_id)" --config "$config"
exec bin/kafka-server-start.sh "$config"

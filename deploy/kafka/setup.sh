#!/bin/bash
# Creates the topics and says what bridge and workers may do; running it again changes nothing.
set -euo pipefail
cd "${KAFKA_HOME:-/opt/kafka}"
server=${KAFKA_BOOTSTRAP:-kafka:9093}
admin=${KAFKA_ADMIN_PROPERTIES:-/run/secrets/kafka_admin.properties}
partitions=${KAFKA_PARTITIONS:-8}

# topic NAME PARTITIONS RETENTION_MS
topic() {
    bin/kafka-topics.sh --bootstrap-server "$server" --command-config "$admin" --create --if-not-exists --topic "$1" \
        --partitions "$2" --replication-factor 1 --config "retention.ms=$3" --config max.message.bytes=8388608
}

allow() {
    bin/kafka-acls.sh --bootstrap-server "$server" --command-config "$admin" --add --force "$@" >/dev/null
}

# Raw payloads and dead letters are the evidence: kept for ever.
topic quantrac.raw "$partitions" -1
topic quantrac.readings "$partitions" 604800000
topic quantrac.dead-letters 1 -1

# Kafka's own clock beside the bridges', of which one may be wrong; also for a topic that was there before.
bin/kafka-configs.sh --bootstrap-server "$server" --command-config "$admin" --alter --entity-type topics \
    --entity-name quantrac.raw --add-config message.timestamp.type=LogAppendTime >/dev/null

allow --allow-principal User:bridge --operation Write --operation Describe --topic quantrac.raw
allow --allow-principal User:worker --operation Read --operation Describe --topic quantrac.raw
allow --allow-principal User:worker --operation Write --operation Describe --topic quantrac.readings --topic quantrac.dead-letters
allow --allow-principal User:worker --operation Read --operation Describe --group quantrac --resource-pattern-type prefixed

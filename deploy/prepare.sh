#!/usr/bin/env bash
# Makes passwords, certificates and each service's configuration in deploy/secrets. What is there already is kept.
#
#   deploy/prepare.sh PUBLIC_NAME SMTP_HOST MAIL_FROM MAIL_TO
#   deploy/prepare.sh monitor.example.vn mail.example.vn quantrac@example.vn truc-ban@example.vn
#
# PUBLIC_NAME is the name under which loggers and officers reach this machine. SECRETS_DIR names another folder.
set -euo pipefail
umask 077
here=$(dirname "$(readlink -f "$0")")

if [[ $# -ne 4 ]]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
public_name=$1 smtp_host=$2 mail_from=$3 mail_to=$4
for word in "$@"; do
    if [[ $word == *[\"\\[:space:]]* ]]; then
        echo "prepare.sh: quotes, backslashes and spaces cannot be used here: $word" >&2
        exit 2
    fi
done
command -v openssl >/dev/null || { echo "prepare.sh: openssl is missing; install it (Debian: apt-get install openssl)." >&2; exit 1; }

secrets=${SECRETS_DIR:-$here/secrets}
# The folder keeps everybody else out; its files are readable, since each is mounted into one container whose user is
# another one's number here.
mkdir -p "$secrets"
chmod 700 "$secrets"
cd "$secrets"
umask 022

made=()

# keep FILE: write standard input to FILE unless it is there.
keep() {
    if [[ -s $1 ]]; then
        cat >/dev/null
    else
        cat >"$1.new"
        [[ -s $1.new ]] || { echo "prepare.sh: could not make $1." >&2; exit 1; }
        mv "$1.new" "$1"
        made+=("$1")
    fi
}

password() {
    openssl rand -hex 24 | tr -d '\n' | keep "$1"
}

for name in postgres owner writer reader kafka_node kafka_admin kafka_bridge kafka_worker mqtt_bridge grafana_admin grafana_key; do
    password "${name}_password"
done
openssl rand 16 | basenc --base64url | tr -d '=\n' | keep kafka_cluster_id

# One authority for the services among each other and for the loggers; it signs nothing but what stands here.
if [[ ! -s ca.pem ]]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/O=quantrac/CN=quantrac authority" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout ca.key -out ca.pem 2>/dev/null
    chmod 600 ca.key
    made+=(ca.pem ca.key)
fi

# certificate SERVICE NAME...: key and certificate of a service, for 825 days.
certificate() {
    local service=$1 names="" name
    shift
    [[ -s ${service}_cert.pem ]] && return
    for name in "$@"; do names+=",DNS:$name"; done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=quantrac/CN=$service" \
        -keyout "${service}_key.pem" -out "$service.csr" 2>/dev/null
    openssl x509 -req -in "$service.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -out "${service}_cert.pem" \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "${names#,},IP:127.0.0.1") \
        2>/dev/null
    rm "$service.csr"
    # openssl makes keys that others cannot read, but the service's user in its container is one of the others.
    chmod 644 "${service}_key.pem"
    made+=("${service}_cert.pem" "${service}_key.pem")
}

certificate mosquitto mosquitto localhost "$public_name"
certificate kafka kafka localhost
certificate database database localhost
certificate grafana grafana localhost "$public_name"
cat kafka_key.pem kafka_cert.pem | keep kafka_keystore.pem

printf 'bridge:%s\n' "$(<mqtt_bridge_password)" | keep mqtt_users

jaas() {
    local line user
    line="org.apache.kafka.common.security.plain.PlainLoginModule required username=\"node\" password=\"$(<kafka_node_password)\""
    for user in node admin bridge worker; do line+=" user_$user=\"$(<"kafka_${user}_password")\""; done
    echo "$line;"
}

sed "s|@JAAS@|$(jaas)|" "$here/kafka/server.properties" | keep kafka.properties

keep kafka_admin.properties <<END
security.protocol=SASL_SSL
sasl.mechanism=PLAIN
ssl.truststore.type=PEM
ssl.truststore.location=/run/secrets/ca.pem
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="$(<kafka_admin_password)";
END

database_url() {
    echo "postgresql://quantrac_$1:$(<"$1_password")@database:5432/quantrac?sslmode=verify-full&sslrootcert=/run/secrets/ca.pem"
}

kafka_settings() {
    echo 'kafka_bootstrap = "kafka:9093"'
    echo 'kafka_security = "SASL_SSL"'
    echo "kafka_user = \"$1\""
    echo "kafka_password = \"$(<"kafka_$1_password")\""
    echo 'kafka_ca_file = "/run/secrets/ca.pem"'
}

# Each service knows what it needs and no more.
{ echo "database_owner_url = \"$(database_url owner)\""; } | keep setup.toml
{
    echo 'mqtt_host = "mosquitto"'
    echo 'mqtt_port = 8883'
    echo 'mqtt_user = "bridge"'
    echo "mqtt_password = \"$(<mqtt_bridge_password)\""
    echo 'mqtt_ca_file = "/run/secrets/ca.pem"'
    kafka_settings bridge
} | keep bridge.toml
{
    echo 'drop_folder = "/stations"'
    echo "database_reader_url = \"$(database_url reader)\""
    kafka_settings bridge
} | keep dropfolder.toml
{ echo "database_writer_url = \"$(database_url writer)\""; kafka_settings worker; } | keep worker.toml
{
    echo "database_writer_url = \"$(database_url writer)\""
    echo "smtp_host = \"$smtp_host\""
    echo 'smtp_port = 587'
    echo 'smtp_security = "starttls"'
    echo '# smtp_user = "..."'
    echo '# smtp_password = "..."'
    echo "mail_from = \"$mail_from\""
    echo "mail_to = \"$mail_to\""
} | keep notifier.toml
{ echo "database_reader_url = \"$(database_url reader)\""; } | keep trainer.toml
{ echo "database_reader_url = \"$(database_url reader)\""; } | keep dashboards.toml

if [[ ${#made[@]} -eq 0 ]]; then
    echo "Everything was there already in $secrets."
else
    printf 'Made in %s:\n' "$secrets"
    printf '  %s\n' "${made[@]}"
    echo "Keep a copy of ca.key and of the passwords in a safe place. Mail user and password go into notifier.toml."
fi

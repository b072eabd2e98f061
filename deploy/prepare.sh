#!/usr/bin/env bash
# Makes passwords, certificates and each service's configuration in deploy/secrets. What is there already is kept.
#
#   deploy/prepare.sh PUBLIC_NAME SMTP_HOST MAIL_FROM MAIL_TO
#   deploy/prepare.sh monitor.example.vn mail.example.vn quantrac@example.vn truc-ban@example.vn
#
# PUBLIC_NAME is the name, or the IP address, under which loggers and officers reach this machine. SECRETS_DIR names
# another folder, CA_DIR that of the authority's key: a memory stick, say, that is needed for this alone.
set -euo pipefail
umask 077
here=$(dirname "$(readlink -f "$0")")

if [[ $# -ne 4 ]]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
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
authority=$(readlink -m "${CA_DIR:-$here/authority}")
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

for name in postgres owner writer notifier desk trainer intake reader web kafka_node kafka_admin kafka_bridge kafka_worker mqtt_bridge \
    mqtt_probe grafana_admin grafana_key; do
    password "${name}_password"
done
openssl rand 16 | basenc --base64url | tr -d '=\n' | keep kafka_cluster_id

# One authority for the services among each other and for the loggers; it signs nothing but what stands here. Its key is
# needed here and nowhere else: it has no place beside the secrets of servers that run.
(umask 077 && mkdir -p "$authority" && chmod 700 "$authority")
case $authority/ in
    "$(pwd -P)"/*) echo "prepare.sh: CA_DIR must not lie in the folder of the secrets: $authority" >&2; exit 2 ;;
esac
if [[ -s ca.key ]]; then
    # Where an older version had put it.
    mv ca.key "$authority/ca.key"
    made+=("$authority/ca.key")
fi
if [[ ! -s ca.pem ]]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/O=quantrac/CN=quantrac authority" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$authority/ca.key" -out ca.pem 2>/dev/null
    chmod 600 "$authority/ca.key"
    made+=(ca.pem "$authority/ca.key")
fi

# certificate SERVICE NAME...: key and certificate of a service, for 825 days.
certificate() {
    local service=$1 names="" name
    shift
    [[ -s ${service}_cert.pem ]] && return
    if [[ ! -s $authority/ca.key ]]; then
        echo "prepare.sh: ${service}_cert.pem has to be made, and $authority/ca.key is missing: bring the authority's key" \
            "(CA_DIR names its folder)." >&2
        exit 1
    fi
    for name in "$@"; do
        if [[ $name =~ ^[0-9]+(\.[0-9]+){3}$ || $name == *:* ]]; then names+=",IP:$name"; else names+=",DNS:$name"; fi
    done
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=quantrac/CN=$service" \
        -keyout "${service}_key.pem" -out "$service.csr" 2>/dev/null
    openssl x509 -req -in "$service.csr" -CA ca.pem -CAkey "$authority/ca.key" -CAserial "$authority/ca.srl" -CAcreateserial -days 825 -out "${service}_cert.pem" \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "${names#,},IP:127.0.0.1,IP:::1") \
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
certificate web web localhost "$public_name"
cat kafka_key.pem kafka_cert.pem | keep kafka_keystore.pem

# What seals the evidence of incidents, and by which push services know us. Whoever has them can seal and push as us.
openssl genpkey -algorithm ed25519 | keep evidence_key.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | keep push_key.pem
web_push_key=$(openssl pkey -in push_key.pem -pubout -outform DER | tail -c 65 | basenc --base64url --wrap=0 | tr -d '=')

if [[ -s mqtt_users ]] && grep -q '^bridge:' mqtt_users; then
    # An older version: the bridge's user is now named as its session, which it keeps.
    renamed=$(<mqtt_users)
    printf '%s\n' "${renamed/bridge:/bridge-1:}" >mqtt_users
    settings=$(<bridge.toml)
    printf '%s\n' "${settings/mqtt_user = \"bridge\"/mqtt_user = \"bridge-1\"}" >bridge.toml
    made+=(mqtt_users bridge.toml)
fi
printf 'bridge-1:%s\n' "$(<mqtt_bridge_password)" | keep mqtt_users
if ! grep -q '^probe:' mqtt_users; then
    printf 'probe:%s\n' "$(<mqtt_probe_password)" >>mqtt_users
fi

jaas() {
    local line user
    line="org.apache.kafka.common.security.plain.PlainLoginModule required username=\"node\" password=\"$(<kafka_node_password)\""
    for user in node admin bridge worker; do line+=" user_$user=\"$(<"kafka_${user}_password")\""; done
    echo "$line;"
}

# By the shell itself: on the command line of another program every user of the machine could read the passwords.
properties=$(<"$here/kafka/server.properties")
printf '%s\n' "${properties//@JAAS@/$(jaas)}" | keep kafka.properties

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
    echo 'mqtt_user = "bridge-1"'
    echo "mqtt_password = \"$(<mqtt_bridge_password)\""
    echo 'mqtt_ca_file = "/run/secrets/ca.pem"'
    echo "database_intake_url = \"$(database_url intake)\""
    kafka_settings bridge
} | keep bridge.toml
{
    echo 'drop_folder = "/stations"'
    echo "database_intake_url = \"$(database_url intake)\""
    kafka_settings bridge
} | keep dropfolder.toml
{
    echo "database_notifier_url = \"$(database_url notifier)\""
    echo "mail_to = \"$mail_to\""
    echo "web_url = \"https://$public_name:8400\""
} | keep incidents.toml
{
    echo "database_writer_url = \"$(database_url writer)\""
    # The worker decides who is told, so it knows the officers' addresses too.
    echo "mail_to = \"$mail_to\""
    kafka_settings worker
} | keep worker.toml
{
    echo "database_notifier_url = \"$(database_url notifier)\""
    echo "smtp_host = \"$smtp_host\""
    echo 'smtp_port = 587'
    echo 'smtp_security = "starttls"'
    echo '# smtp_user = "..."'
    echo '# smtp_password = "..."'
    echo "mail_from = \"$mail_from\""
    echo "mail_to = \"$mail_to\""
} | keep notifier.toml
{ echo "database_trainer_url = \"$(database_url trainer)\""; } | keep trainer.toml
{
    echo "database_writer_url = \"$(database_url writer)\""
    echo "database_reader_url = \"$(database_url reader)\""
    echo "smtp_host = \"$smtp_host\""
    echo 'smtp_port = 587'
    echo 'smtp_security = "starttls"'
    echo '# smtp_user = "..."'
    echo '# smtp_password = "..."'
    echo "mail_from = \"$mail_from\""
    echo '# report_to = "..."    # who gets the reports by mail, with commas between; report_hour = 7'
} | keep reporter.toml
{ echo "database_desk_url = \"$(database_url desk)\""; echo "database_reader_url = \"$(database_url reader)\""; } | keep desk.toml
{
    echo "database_reader_url = \"$(database_url reader)\""
    echo "web_url = \"https://$public_name:8400\""
} | keep dashboards.toml
{
    echo "database_web_url = \"$(database_url web)\""
    echo 'web_address = "0.0.0.0"'
    echo "web_url = \"https://$public_name:8400\""
    echo 'web_tls_cert = "/run/secrets/web_cert.pem"'
    echo 'web_tls_key = "/run/secrets/web_key.pem"'
    echo "web_push_key = \"$web_push_key\""
} | keep web.toml
if ! grep -q '^web_push_key' web.toml; then
    printf 'web_push_key = "%s"\n' "$web_push_key" >>web.toml  # an older version had none
fi

if [[ ${#made[@]} -eq 0 ]]; then
    echo "Everything was there already in $secrets."
else
    printf 'Made in %s:\n' "$secrets"
    printf '  %s\n' "${made[@]}"
    echo "Take $authority away from this machine, to a safe place: it is needed for new certificates alone. Keep a copy of the"
    echo "passwords and of evidence_key.pem, whose public key is to be published: openssl pkey -in evidence_key.pem -pubout"
    echo "-outform DER | tail -c 32 | base64. Mail user and password go into notifier.toml and reporter.toml, who gets reports into the latter."
fi

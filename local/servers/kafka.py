"""Local Apache Kafka: one node that is broker and controller (KRaft), TLS and a password on every listener."""

from __future__ import annotations

import secrets
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

from local.servers.certificates import certificates
from local.servers.files import write_private
from local.servers.java import Java, find_java
from local.servers.kafka_probe import kafka_answers
from local.servers.kafka_topics import answers
from local.servers.passwords import Passwords
from local.servers.ports import HOST_V6, addresses
from local.servers.process import LocalServer
from quantrac.endpoints import KafkaEndpoint, KafkaSecurity
from quantrac.errors import ServerError

AREA = "kafka"
USER = "quantrac"
NODE_USER = "node"
"""The node's own user, for the connections between its broker and its controller."""
ANSWER_S = 5.0
MAX_MESSAGE_BYTES = 8 * 1024 * 1024
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For a small machine that Kafka shares with everything else: no collector threads beside, no second compiler: about
a quarter less processor time at a thousand records a second, and a quicker start. A cluster's brokers keep theirs."""

CIPHERS = (
    *("TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"),
    *("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    *("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
)
"""What the node speaks, what it likes best first; the last two lines are for TLS 1.2."""

CONFIGURATION = """\
# Written at each start; changes are lost.
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
listeners=SASL_SSL://127.0.0.1:{port},{v6}CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=SASL_SSL://127.0.0.1:{port},{v6}CONTROLLER://127.0.0.1:{controller_port}
listener.security.protocol.map=SASL_SSL:SASL_SSL,V6:SASL_SSL,CONTROLLER:SASL_SSL
controller.listener.names=CONTROLLER
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config={jaas}
listener.name.v6.plain.sasl.jaas.config={jaas}
listener.name.controller.plain.sasl.jaas.config={jaas}
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
ssl.client.auth=none
# Under the first compiler of the JVM alone ChaCha20 makes the broker a third cheaper than AES-GCM.
ssl.cipher.suites={ciphers}

log.dirs={data}
message.max.bytes={size}
replica.fetch.max.bytes={size}
auto.create.topics.enable=false
# Nothing is deleted by age unless a topic says so: what was received is the evidence.
log.retention.ms=-1

# One node: the internal topics have one copy, and fewer partitions than the 50 of a cluster, for a quick start.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# 3000 by default: each new consumer group would wait that long for more members.
group.initial.rebalance.delay.ms=0
# 9000 by default: after a crash the controller would refuse the restarted broker for that long.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
"""

LOGGING = """\
status = error
# Its hook would end the log before Kafka has told how it stopped.
shutdownHook = disable
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


class Kafka(LocalServer):
    """The Kafka node of a run folder."""

    name = "kafka"
    stop_patience_s = 30.0

    def __init__(self, run_dir: Path, jars: Path, *, java: Path | None = None, detached: bool = False) -> None:
        super().__init__(run_dir, detached=detached)
        self._jars = jars
        self._configured_java = java
        self._passwords = Passwords(run_dir)

    def endpoint(self) -> KafkaEndpoint:
        """Return how every part of quantrac reaches the node."""
        return KafkaEndpoint(
            bootstrap=f"{self.host}:{self.port}",
            security=KafkaSecurity.SASL_SSL,
            user=USER,
            password=self._passwords.get(AREA, USER),
            ca_file=certificates(self.run_dir).ca,
        )

    def is_healthy(self) -> bool:
        """Whether the node answers a logged-in client's request for the cluster's state."""
        endpoint = self.endpoint()
        return kafka_answers(endpoint, ANSWER_S) and answers(endpoint)

    def _require_ports(self) -> None:
        super()._require_ports()
        self._ports.require_free("kafka-controller")

    def _prepare(self) -> None:
        tls = certificates(self.run_dir)
        text = CONFIGURATION.format(
            port=self.port,
            controller_port=self._ports.get("kafka-controller"),
            # A client is told the address that it came by, so each address has a listener of its own.
            v6=f"V6://[{HOST_V6}]:{self.port}," if HOST_V6 in addresses() else "",
            jaas=self._jaas(),
            keystore=tls.keystore,
            ca=tls.ca,
            data=self.folder / "data",
            size=MAX_MESSAGE_BYTES,
            ciphers=",".join(CIPHERS),
        )
        write_private(self.folder / "server.properties", text)
        write_private(self.folder / "log4j2.properties", LOGGING)
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()

    def _command(self) -> Sequence[str | Path]:
        return (*self._java("kafka.Kafka"), self.folder / "server.properties")

    def _format(self) -> None:
        arguments = ["format", "-t", _new_cluster_id(), "-c", str(self.folder / "server.properties"), "--standalone"]
        command = [*map(str, self._java("kafka.tools.StorageTool")), *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if result.returncode != 0:
            said = (result.stderr or result.stdout).strip().splitlines() or ["it said nothing"]
            raise ServerError(
                f"Kafka could not prepare its data folder {self.folder / 'data'}: {said[-1].rstrip('.')}."
            )

    def _java(self, main_class: str) -> tuple[str | Path, ...]:
        java = find_java(self._configured_java)
        return (
            java.program,
            *JVM,
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            *_quiet(java),
            "-cp",
            f"{self._jars}/*",
            main_class,
        )

    def _jaas(self) -> str:
        users = {user: self._passwords.get(AREA, user) for user in (USER, NODE_USER)}
        logins = " ".join(f'user_{user}="{password}"' for user, password in users.items())
        own = f'username="{NODE_USER}" password="{users[NODE_USER]}"'
        return f"org.apache.kafka.common.security.plain.PlainLoginModule required {own} {logins};"


def _new_cluster_id() -> str:
    """Return a random id in Kafka's form; none that begins with "-", which its own tool would take for an option."""
    while True:
        cluster = urlsafe_b64encode(uuid.UUID(bytes=secrets.token_bytes(16), version=4).bytes).decode().rstrip("=")
        if not cluster.startswith("-"):
            return cluster


def _quiet(java: Java) -> tuple[str, ...]:
    """Return options that silence Java 24's warnings about what Kafka's libraries do."""
    return ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow") if java.version >= 24 else ()

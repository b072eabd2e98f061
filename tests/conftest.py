"""Marks by folder, no network in unit tests, and real servers for the others: started when first asked for, once."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import hypothesis
import pytest
import pytest_socket
import structlog
import urllib3  # noqa: F401  (it opens a socket when it is first imported, which no unit test may do)

from local.servers import LocalServers, create_topics, read_local
from local.servers.kafka import Kafka
from local.servers.kafka_topics import delete_topics
from local.servers.mail import MailCatcher
from local.servers.mosquitto import Mosquitto
from local.servers.postgres import Postgres
from local.servers.process import LocalServer
from local.servers.progress import bars_on_stderr
from quantrac.endpoints import DatabaseEndpoint, KafkaEndpoint, MqttEndpoint
from quantrac.settings import PREFIX, load_settings
from quantrac.telemetry import as_text
from quantrac.topics import KafkaTopic, kafka_topics
from tests.sessions import forget_session

FOLDER = Path(__file__).parent
TIMEOUT_S = {"unit": 120, "integration": 300, "acceptance": 500}
TEMPLATE = "test_template"
Server = TypeVar("Server", bound=LocalServer)


# Warnings of libraries about themselves, which we cannot mend; every other warning is an error.
FOREIGN_WARNINGS = (
    "ignore:(read_text|open_text) is deprecated:DeprecationWarning",  # how kafka-python reads schemas
    # It leaves the socket of a try to connect that took too long to the collector of garbage, in whatever test that is.
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning",
)


# How long an example takes is the machine's affair: the suite runs beside its own servers.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Let pass the warnings that are not ours."""
    for line in FOREIGN_WARNINGS:
        config.addinivalue_line("filterwarnings", line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder, and give it that folder's time-out unless it has one of its own."""
    for item in items:
        kind = _kind(item)
        if kind is None:
            continue
        item.add_marker(getattr(pytest.mark, kind))
        if kind in TIMEOUT_S and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIMEOUT_S[kind]))


def _kind(item: pytest.Item) -> str | None:
    try:
        kind = item.path.relative_to(FOLDER).parts[0]
    except ValueError:
        return None
    return kind if kind in {"unit", "conformance", "integration", "acceptance", "architecture"} else None


structlog.configure(processors=as_text(sys.stderr))


@pytest.fixture(autouse=True)
def _network(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse sockets in unit tests (but for those that an event loop makes for itself)."""
    if _kind(request.node) != "unit":
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture(autouse=True)
def _settings_of_nobody(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs unit tests out of them."""
    if _kind(request.node) == "unit":
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """The folder of fetched programs, shared with every other use of quantrac by this user."""
    return load_settings().cache_dir


@pytest.fixture(scope="session")
def local_servers() -> Iterator[LocalServers]:
    """The fetched servers of a run folder of this test session; none is started by this fixture."""
    settings = load_settings()
    # Not below pytest's own folder: root's PostgreSQL runs as another user, who may not enter there.
    run_dir = Path(tempfile.mkdtemp(prefix="quantrac-test-"))
    run_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
    servers = LocalServers(run_dir, settings.cache_dir, mirror=settings.debian_mirror)
    try:
        if not servers.fetched:
            with bars_on_stderr() as bars:
                servers.fetch(bars)
        yield servers
    finally:
        servers.stop_all()
        shutil.rmtree(run_dir, ignore_errors=True)
        if not servers.postgres.folder.is_relative_to(run_dir):
            shutil.rmtree(servers.postgres.folder.parent, ignore_errors=True)


def _running(server: Server) -> Server:
    """Start a server that is not running: the first test that needs it, or the one after a test that stopped it."""
    if server.pid is None:
        server.start()
    return server


@pytest.fixture
def servers(local_servers: LocalServers) -> LocalServers:
    """All servers, running."""
    if any(server.pid is None for server in local_servers.all) or read_local(local_servers.run_dir) is None:
        local_servers.start()
    return local_servers


@pytest.fixture
def postgres(local_servers: LocalServers) -> Postgres:
    """The database server, running; the test may stop or kill it."""
    return _running(local_servers.postgres)


@pytest.fixture
def kafka_server(local_servers: LocalServers) -> Kafka:
    """Kafka, running; the test may stop or kill it."""
    return _running(local_servers.kafka_server)


@pytest.fixture
def mosquitto(local_servers: LocalServers) -> Mosquitto:
    """The MQTT broker, running; the test may stop or kill it."""
    return _running(local_servers.mosquitto)


@pytest.fixture
def mail(local_servers: LocalServers) -> Iterator[MailCatcher]:
    """The mail catcher, running and accepting, without mails of earlier tests; it accepts again at the end."""
    catcher = _running(local_servers.mail)
    catcher.forget()
    yield catcher
    catcher.accept()


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[DatabaseEndpoint]:
    """A database with TimescaleDB and nothing else in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield postgres.create_database(name)
    _running(postgres).drop_database(name)


@pytest.fixture(scope="session")
def _template(local_servers: LocalServers) -> str:
    """A migrated database, to be cloned."""
    from sql.runner import migrate

    endpoint = _running(local_servers.postgres).create_database(TEMPLATE)
    migrate(endpoint.owner)
    return TEMPLATE


@pytest.fixture
def database(_template: str, postgres: Postgres) -> Iterator[DatabaseEndpoint]:
    """A migrated database of this test alone."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield postgres.create_database(name, _template)
    _running(postgres).drop_database(name)


@pytest.fixture(scope="module")
def shared_database(_template: str, local_servers: LocalServers) -> Iterator[DatabaseEndpoint]:
    """A migrated database of a module's tests, none of which changes anything of it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield _running(local_servers.postgres).create_database(name, _template)
    _running(local_servers.postgres).drop_database(name)


@pytest.fixture
def kafka(kafka_server: Kafka) -> KafkaEndpoint:
    """How to reach Kafka."""
    return kafka_server.endpoint()


@pytest.fixture
def unique() -> str:
    """A short text that no other test has: for names of topics, groups, clients and stations."""
    return uuid.uuid4().hex[:8]


@pytest.fixture
def make_topics(kafka_server: Kafka, unique: str) -> Iterator[Callable[..., tuple[str, ...]]]:
    """Create topics whose names start with this test's own text: ``make_topics("raw", "out", partitions=4)``."""
    made: list[str] = []

    def make(*names: str, partitions: int = 1) -> tuple[str, ...]:
        topics = tuple(KafkaTopic(f"test.{unique}.{name}", partitions, 1) for name in names)
        create_topics(kafka_server.endpoint(), topics)
        made.extend(topic.name for topic in topics)
        return tuple(topic.name for topic in topics)

    yield make
    delete_topics(_running(kafka_server).endpoint(), tuple(made))


@pytest.fixture
def fresh_topics(kafka_server: Kafka) -> Callable[..., KafkaEndpoint]:
    """Create quantrac's own topics anew and empty: ``kafka = fresh_topics(partitions=4)``."""

    def make(partitions: int = 4, max_message_bytes: int = 1_048_576) -> KafkaEndpoint:
        endpoint = kafka_server.endpoint()
        topics = kafka_topics(partitions, 1, max_message_bytes)
        delete_topics(endpoint, tuple(topic.name for topic in topics))
        create_topics(endpoint, topics)
        return endpoint

    return make


@pytest.fixture
def mqtt(mosquitto: Mosquitto, unique: str) -> Iterator[Callable[[str], MqttEndpoint]]:
    """How a user reaches the broker: a bridge's id, or a station's code, which are added when they are new.

    ``mqtt("bridge")`` is a bridge of this test alone: the broker gives each user one session.
    """
    bridges: set[str] = set()

    def endpoint(user: str) -> MqttEndpoint:
        name = f"bridge-{unique}" if user == "bridge" else user
        if name.startswith("bridge-"):
            mosquitto.add_bridges((name,))
            bridges.add(name)
        else:
            mosquitto.add_stations((name,))
        return mosquitto.endpoint(name)

    yield endpoint
    for bridge in bridges:
        forget_session(mosquitto.endpoint(bridge), bridge)

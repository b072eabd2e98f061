"""``quantrac run``: one long-running process each, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from commands.context import Context, load_context
from quantrac.topics import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from sql.receipts_store import ReceiptStore

app = typer.Typer(help="Run one process of the pipeline in the foreground.", no_args_is_help=True)


@app.command()
def bridge() -> None:
    """Carry messages from MQTT to Kafka; acknowledge each only after Kafka has it.

    Example: QUANTRAC_BRIDGE_ID=bridge-2 quantrac run bridge
    """
    from ingest.bridge import BridgeSettings, run
    from ingest.receipts import kept

    context = _prepare("bridge")
    s = context.settings
    options = BridgeSettings(
        client_id=s.bridge_id,
        station_filter=s.bridge_filter,
        window=s.bridge_window,
        max_message_bytes=MAX_MESSAGE_BYTES,
    )
    with kept(s.run_dir / "receipts" / f"{s.bridge_id}.sqlite", _receipts(context)) as receipts:
        run(context.mqtt_bridge(), context.kafka(), options, _until_signal(), receipts=receipts)


@app.command()
def dropfolder() -> None:
    """Carry station files from a folder to Kafka, as an FTP or SFTP server writes them there.

    Example: QUANTRAC_DROP_FOLDER=/srv/stations quantrac run dropfolder
    """
    from ingest.dropfolder.intake import DropFolderOptions, run
    from ingest.receipts import kept
    from quantrac.domain.loggers import DropMode
    from quantrac.errors import SettingsError
    from sql.catalogue import load_registry

    context = _prepare("dropfolder")
    s = context.settings
    if s.drop_folder is None:
        raise SettingsError("QUANTRAC_DROP_FOLDER is not set: name the folder into which the stations' files come.")
    if s.drop_mode is DropMode.ARCHIVE and s.drop_archive is None:
        raise SettingsError(
            "QUANTRAC_DROP_MODE is archive: name a folder beside the drop folder by QUANTRAC_DROP_ARCHIVE."
        )
    options = DropFolderOptions(
        folder=s.drop_folder,
        state=s.run_dir / "dropfolder" / f"{s.drop_id}.sqlite",
        archive=s.drop_archive if s.drop_mode is DropMode.ARCHIVE else None,
        name=s.drop_id,
        patterns=s.drop_patterns,
        settle_s=s.drop_settle_s,
        rescan_s=s.drop_rescan_s,
        archive_after_s=s.drop_archive_after_s,
        max_file_bytes=s.drop_max_file_bytes,
    )
    with kept(s.run_dir / "receipts" / f"{s.drop_id}.sqlite", _receipts(context)) as receipts:
        registry = partial(load_registry, context.database().intake)
        run(options, context.kafka(), registry, _until_signal(), receipts=receipts)


@app.command()
def forwarder() -> None:
    """Forward station files, and MQTT messages as such files, to another authority's folder or server, with proof.

    Example: QUANTRAC_FORWARD_TARGET=/mnt/ministry quantrac run forwarder
    """
    from datetime import timedelta

    from ingest.forwarder.forwarder import ForwarderOptions, run
    from ingest.forwarder.source import cluster_id
    from ingest.forwarder.targets import TargetOptions, target_of
    from quantrac.errors import SettingsError
    from quantrac.topics import RAW
    from sql.forwarding_store import ForwardingStore

    context = _prepare("forwarder", "writer")
    s = context.settings
    if s.forward_target is None:
        raise SettingsError(
            "QUANTRAC_FORWARD_TARGET is not set: name a folder, or sftp://, ftps:// or ftp://user@host:port/folder."
        )
    password = None if s.forward_password is None else s.forward_password.get_secret_value()
    target = target_of(TargetOptions(s.forward_target, password, s.forward_key_file, s.forward_known_hosts))
    options = ForwarderOptions(s.forward_path, s.forward_per_s, timedelta(days=s.forward_give_up_days))
    topic = f"{RAW}@{cluster_id(context.kafka())}"
    store = ForwardingStore(context.database().writer, s.forward_target, topic)
    try:
        registry = context.registry if s.forward_messages else None
        run(context.kafka(), store, target, options, _until_signal(), clock=context.clock, registry=registry)
    finally:
        target.close()
        store.close()


@app.command()
def worker() -> None:
    """Validate, store and judge what is in Kafka; any number of workers share the stations.

    Example: quantrac run worker
    """
    from streams.worker import run

    context = _prepare("worker", "writer")
    raise typer.Exit(run(context.settings, context.kafka(), context.database(), context.clock))


@app.command()
def notifier() -> None:
    """Deliver the notifications of the outbox by e-mail and webhooks.

    Example: quantrac run notifier
    """
    from commands.notifier import run_notifier

    run_notifier(_prepare("notifier"), _until_signal())


@app.command()
def incidents() -> None:
    """Group alerts into incidents, and page officers by rota and escalation (QUANTRAC_INCIDENT_PAGES).

    Example: quantrac run incidents
    """
    from commands.incidents import run_incidents

    run_incidents(_prepare("incidents", "notifier"), _until_signal())


@app.command()
def trainer() -> None:
    """Train every station's model anew each night; one that is worse on the last weeks is not used.

    Example: QUANTRAC_TRAINER_HOUR=3 quantrac run trainer
    """
    from streams.nightly import every_night

    context = _prepare("trainer", "trainer")

    def train(stop: threading.Event) -> None:
        from streams.trainer import Trainer  # the learning libraries are large, and it waits all day

        Trainer(context.trainer(), context.clock).retrain_all(stop)

    every_night(context.settings.trainer_hour, context.clock, _until_signal(), train)


@app.command()
def reporter() -> None:
    """Keep VN_WQI of the hot spots up to date, and mail the province's reports at the hour of the settings.

    Example: QUANTRAC_REPORT_TO=lanh-dao@example.vn QUANTRAC_REPORT_HOUR=7 quantrac run reporter
    """
    from commands.reports.reporter import run_reporter

    run_reporter(_prepare("reporter", "writer"), _until_signal())


def _receipts(context: Context) -> ReceiptStore | None:
    """Return where the account of what was received is carried to; ``None``: no database is named, it stays on disk."""
    from quantrac.errors import SettingsError
    from quantrac.telemetry import get_logger
    from sql.receipts_store import ReceiptStore

    try:
        return ReceiptStore(context.database().intake)
    except SettingsError as exc:
        get_logger(__name__).warning("receipts_stay_here", error=str(exc))
        return None


@app.command()
def web(
    fetch: Annotated[bool, typer.Option("--fetch", help="Only fetch the scripts of others, and end.")] = False,
) -> None:
    """Serve the centre's page.

    Example: QUANTRAC_WEB_URL=https://quantrac.example.vn quantrac run web
    """
    from local.servers.progress import bars_on_stderr
    from local.servers.webjars import fetch_scripts

    if fetch:
        with bars_on_stderr() as bars:
            fetch_scripts(load_context().settings.cache_dir, bars)
        return
    from dataclasses import replace

    from commands.evidence import raw_where_known
    from local.servers.progress import NoProgress
    from web.server import run

    context = _prepare("web", "web")
    scripts = fetch_scripts(context.settings.cache_dir, NoProgress())
    options = replace(context.web(scripts), raw_of=raw_where_known(context))
    run(options, context.database().web, context.clock, _until_signal())


def _prepare(process: str, role: str | None = None) -> Context:
    """Begin logs and metrics. ``role``: the process needs the schema of this version, and asks for it as that role."""
    from quantrac.telemetry import configure_logging, get_logger, serve_metrics

    context = load_context()
    configure_logging(process, context.settings.log_level)
    if role is not None:
        from sql.runner import require_schema

        require_schema(getattr(context.database(), role))
    port = serve_metrics(context.settings.metrics_port)
    get_logger(__name__).info("started", metrics=f"http://127.0.0.1:{port}/metrics")
    return context


def _until_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop

"""``quantrac run``: one long-running process each, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
import threading

import typer

from commands.context import Context, load_context
from quantrac.topics import MAX_MESSAGE_BYTES

app = typer.Typer(help="Run one process of the pipeline in the foreground.", no_args_is_help=True)


@app.command()
def bridge() -> None:
    """Carry messages from MQTT to Kafka; acknowledge each only after Kafka has it.

    Example: QUANTRAC_BRIDGE_ID=bridge-2 quantrac run bridge
    """
    from ingest.bridge import BridgeSettings, run

    context = _prepare("bridge")
    s = context.settings
    options = BridgeSettings(
        client_id=s.bridge_id,
        station_filter=s.bridge_filter,
        window=s.bridge_window,
        max_message_bytes=MAX_MESSAGE_BYTES,
    )
    run(context.mqtt_bridge(), context.kafka(), options, _until_signal())


@app.command()
def worker() -> None:
    """Validate, store and judge what is in Kafka; any number of workers share the stations.

    Example: quantrac run worker
    """
    from streams.worker import run

    context = _prepare("worker")
    raise typer.Exit(run(context.settings, context.kafka(), context.database(), context.clock))


@app.command()
def notifier() -> None:
    """Deliver the notifications of the outbox by e-mail and webhooks.

    Example: quantrac run notifier
    """
    from commands.notifier import run_notifier

    run_notifier(_prepare("notifier"), _until_signal())


@app.command()
def trainer() -> None:
    """Train every station's model anew each night; one that is worse on the last weeks is not used.

    Example: QUANTRAC_TRAINER_HOUR=3 quantrac run trainer
    """
    from streams.nightly import every_night

    context = _prepare("trainer")

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

    run_reporter(_prepare("reporter"), _until_signal())


def _prepare(process: str) -> Context:
    from quantrac.telemetry import configure_logging, get_logger, serve_metrics

    context = load_context()
    configure_logging(process, context.settings.log_level)
    port = serve_metrics(context.settings.metrics_port)
    get_logger(__name__).info("started", metrics=f"http://127.0.0.1:{port}/metrics")
    return context


def _until_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop

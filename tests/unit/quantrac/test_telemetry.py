"""What gets into the logs."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from quantrac import telemetry
from quantrac.telemetry import Repeats


def record(logger: str, message: str, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord(logger, level, "x.py", 1, message, ("1",), None)


def test_a_library_that_repeats_itself_is_heard_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    #  second   0  1  9  11 12 22
    #  logged   x        x     x
    repeats, now = Repeats(), [0.0]
    monkeypatch.setattr(telemetry.time, "monotonic", lambda: now[0])
    heard = []
    for now[0] in (0.0, 1.0, 9.0, 11.0, 12.0, 22.0):
        if repeats.filter(record("aiokafka.conn", "Unable connect to node with id %s")):
            heard.append(now[0])
    assert heard == [0.0, 11.0, 22.0]


@pytest.mark.parametrize(
    "again", [record("streams.worker", "x"), record("kafka", "y"), record("kafka", "x", logging.CRITICAL)]
)
def test_everything_else_is_logged(again: logging.LogRecord) -> None:
    repeats = Repeats()
    assert repeats.filter(record("kafka", "x"))
    assert repeats.filter(again)


def test_a_command_asks_a_server_again_without_a_word() -> None:
    program = """
import stamina
from quantrac.telemetry import log_to_stderr
log_to_stderr()
for attempt in stamina.retry_context(on=OSError, attempts=2, wait_initial=0.01):
    with attempt:
        if attempt.num == 1:
            raise OSError("not yet")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_number_10_the_trace_of_a_command_tells_no_variable_and_masks_addresses() -> None:
    program = """
import structlog
from quantrac.telemetry import log_to_stderr
log_to_stderr()
def store(password):
    raise OSError("nobody@example.vn is refused")
try:
    store("not to" + " be seen")
except OSError:
    structlog.get_logger("x").exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "in store" in done.stderr
    assert "not to be seen" not in done.stdout + done.stderr
    assert "nobody@" not in done.stdout + done.stderr


def test_number_10_no_token_of_a_webhook_is_logged_at_debug() -> None:
    """A request to a webhook that nobody answers, with the libraries at their most talkative."""
    program = """
import apprise
from quantrac.telemetry import configure_logging
configure_logging("notifier", "DEBUG")
hook = apprise.Apprise()
hook.add("json://127.0.0.1:9/TOKEN")
assert not hook.notify("x")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "TOKEN" not in done.stdout + done.stderr


def test_a_webhook_s_status_is_read_at_any_level_and_its_warning_is_not_shown() -> None:
    program = """
import logging
from quantrac.telemetry import configure_logging
configure_logging("notifier", "ERROR")
assert logging.getLogger("apprise").isEnabledFor(logging.WARNING)
logging.getLogger("apprise").warning("Failed to send: error=429.")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_8_no_record_shows_an_address() -> None:
    program = """
import logging
from quantrac.telemetry import configure_logging, get_logger
configure_logging("test")
get_logger("a").warning("refused", to="an.nguyen@dt.gov.vn", message_id="<quantrac.alert-1.2-ab@quantrac.local>")
logging.getLogger("b").warning("mail to %s", "<binh@dt.gov.vn>")
try:
    raise ValueError("no such user: chi@dt.gov.vn")
except ValueError:
    get_logger("a").exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.count("***") >= 3
    assert "dt.gov.vn" not in done.stderr
    assert "quantrac.alert-1.2-ab@quantrac.local" in done.stderr

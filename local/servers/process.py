"""A server as a process of its own: started, watched, stopped, found again by another shell."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import ClassVar

import psutil

from local.servers.accounts import Account, make_run_dir
from local.servers.files import locked, read_json, write_private
from local.servers.ports import HOST, Ports
from quantrac.errors import ServerError

POLL_S = 0.05
LAST_LINES = 20
_REASON = re.compile(r"FATAL|PANIC|ERROR|Error\b|Exception")
# The kernel's signal at a parent's death is tied to the *thread* that started the child, so every child is started by
# this one thread, which lives as long as the process.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="servers")


class LocalServer(ABC):
    """One server of a run folder.

    Parameters
    ----------
    run_dir
        Holds the port, the log, the pid file and the data of every server; a later start finds its data there.
    detached
        Whether the server goes on when this process ends. Otherwise it is stopped even if this process is killed.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_patience_s: ClassVar[float] = 20.0

    def __init__(self, run_dir: Path, *, detached: bool = False) -> None:
        self.run_dir = run_dir
        self.folder = run_dir / self.name
        self.log_path = run_dir / "log" / f"{self.name}.log"
        self.pid_path = run_dir / f"{self.name}.pid"
        self.started_here = False
        self._detached = detached
        self._ports = Ports(run_dir)
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        """The address it listens on."""
        return HOST

    @property
    def port(self) -> int:
        """The port it listens on, the same at each start."""
        return self._ports.get(self.name)

    @property
    def pid(self) -> int | None:
        """The process id while it runs, whoever started it."""
        process = self._process()
        return None if process is None else process.pid

    def start(self, timeout_s: float = 120.0) -> None:
        """Start the server and wait until it is healthy; nothing is done to one that runs already.

        Raises
        ------
        ServerError
            Its port is taken, it ended at once, or it was not healthy within ``timeout_s``.
        """
        self.launch()
        self.wait_healthy(timeout_s)
        self._complete()

    def launch(self) -> None:
        """Start it without waiting until it is healthy; nothing is done to one that runs already.

        Raises
        ------
        ServerError
            Its port is taken.
        OSError
            Its folder cannot be written to.
        """
        make_run_dir(self.run_dir)
        with self._alone():
            if self._process() is not None:
                return
            self._require_ports()
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._prepare()
            self._spawn()

    def wait_healthy(self, timeout_s: float = 120.0) -> None:
        """Return as soon as the server answers as its clients need it.

        Raises
        ------
        ServerError
            It ended, or did not answer within ``timeout_s``.
        """
        deadline = time.monotonic() + timeout_s
        while not self.is_healthy():
            if self._process() is None:
                raise ServerError(
                    f"The local {self.name} ended while starting: {self._last_words()} See {self.log_path}."
                )
            if time.monotonic() > deadline:
                raise ServerError(f"The local {self.name} does not answer after {timeout_s:g} s. See {self.log_path}.")
            time.sleep(POLL_S)

    def stop(self) -> None:
        """Ask the server to stop, wait, and kill it when it does not within `stop_patience_s`. Its data stay."""
        if self._process() is None:
            return
        with self._alone():
            process = self._process()
            if process is None:
                return
            process.send_signal(self.stop_signal)
            if not self._wait_gone(self.stop_patience_s):
                self._kill_tree(process)
            self._forget()

    def kill(self) -> None:
        """Kill the server and its children at once (SIGKILL), as a crash would. Its data stay as they are."""
        process = self._process()
        if process is not None:
            self._kill_tree(process)
            self._forget()

    def _alone(self) -> AbstractContextManager[None]:
        """Hold this server for a start or a stop: another process that would start or stop it waits, then looks."""
        if not self.run_dir.exists():  # somebody has removed it under a server that runs
            return nullcontext()
        return locked(self.run_dir / f".{self.name}.lock")

    @abstractmethod
    def is_healthy(self) -> bool:
        """Whether the server answers now as its clients need it."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """Return the command line that runs the server in the foreground."""

    def _prepare(self) -> None:  # noqa: B027  (a server may have nothing to prepare)
        """Write configuration and create the data folder, before the process starts."""

    def _complete(self) -> None:  # noqa: B027  (nor to complete)
        """Do what needs the server running, once it is healthy."""

    def _account(self) -> Account | None:
        """Return the user that the process drops to."""
        return None

    def _require_ports(self) -> None:
        self._ports.require_free(self.name)

    def _spawn(self) -> None:
        self._forget()  # one that ended by itself: its status is read, and nothing of it is left
        self.log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [*self._wrapper(), *map(str, self._command())]
        with self.log_path.open("ab") as log:
            # A session of its own: Ctrl-C at the terminal reaches us, who then stop the servers in order.
            started = _STARTER.submit(
                subprocess.Popen,
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
            )
            self._popen = started.result()
        self.started_here = True
        write_private(self.pid_path, json.dumps({"pid": self._popen.pid, "started": _start_ticks(self._popen.pid)}))

    def _wrapper(self) -> list[str]:
        """Return the start of the command that sets user and parent-death signal, then becomes the server itself."""
        account = self._account()
        options = [] if self._detached else [f"--pdeathsig={self.stop_signal.name.removeprefix('SIG')}"]
        if account is not None:
            options += [f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups"]
        if not options:
            return []
        if shutil.which("setpriv") is None:
            raise ServerError("The program setpriv is missing: install the package util-linux.")
        return ["setpriv", *options, "--"]

    def _process(self) -> psutil.Process | None:
        """Return the running process named by the pid file; the start time guards against a pid that was given anew."""
        ours = self._popen is not None and self._popen.poll() is None
        identity = read_json(self.pid_path)
        if not identity:
            # Somebody has removed the run folder under it.
            return psutil.Process(self._popen.pid) if ours and self._popen is not None else None
        try:
            process = psutil.Process(int(identity["pid"]))
            same = _start_ticks(process.pid) == identity["started"]
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def _forget(self) -> None:
        self.pid_path.unlink(missing_ok=True)
        if self._popen is not None:
            self._popen.wait(timeout=self.stop_patience_s)
            self._popen = None

    def _wait_gone(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process() is None:
                return True
            time.sleep(POLL_S)
        return False

    def _kill_tree(self, process: psutil.Process) -> None:
        family = [process]
        with suppress(psutil.NoSuchProcess):
            family += process.children(recursive=True)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(family, timeout=10)

    def _last_words(self) -> str:
        """Return the line of the log's end that tells why, else the last one, ended by a full stop."""
        try:
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except FileNotFoundError:
            return "it said nothing."
        reasons = [line for line in lines[-LAST_LINES:] if _REASON.search(line)] or lines
        return reasons[-1].strip().rstrip(".") + "." if reasons else "it said nothing."


def _start_ticks(pid: int) -> int:
    """Return when a process started, in clock ticks since the machine did (field 22 of proc(5)); 0 when it is gone.

    psutil's own start time is by the wall clock, which may be corrected meanwhile.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields[19])

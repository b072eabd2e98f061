"""A real SMTP server that keeps each accepted message as a file instead of delivering it.

Run as ``python -m local.servers.mailcatcher --port 2525 --dir mail``. A file named ``refuse`` in the folder makes it
answer every message with that file's text (for example ``451 4.3.0 try later``), or, where that is ``hang up``, close
the connection instead of an answer: for tests and drills of retries.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import uuid
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING

from local.servers.ports import addresses
from quantrac.clock import Clock, SystemClock

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
HANGS_UP = "hang up"


class FolderHandler:
    """Stores messages: ``<uuid>.eml`` first, then a line in ``index.jsonl``, then the 250 to the client."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer the end of a message (the name is aiosmtpd's)."""
        refusal = self._folder / "refuse"
        if refusal.exists():
            reply = refusal.read_text(encoding="utf-8").strip() or "451 4.3.0 refused for a drill"
            if reply == HANGS_UP and isinstance(server.transport, asyncio.WriteTransport):
                server.transport.abort()
            return reply
        self.store(envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content or b"")
        return "250 2.0.0 kept"

    def store(self, sender: str, recipients: list[str], content: bytes) -> None:
        """Keep one message; it is on disk when this returns."""
        message = BytesParser(policy=policy.default).parsebytes(content, headersonly=True)
        file = f"{uuid.uuid4()}.eml"
        _append(self._folder / file, content)
        entry = {
            "received_at": self._clock.now().isoformat(),
            "message_id": str(message.get("Message-ID", "")),
            "from": sender,
            "to": recipients,
            "subject": str(message.get("Subject", "")),
            "file": file,
        }
        _append(self._folder / "index.jsonl", (json.dumps(entry, ensure_ascii=False) + "\n").encode())


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


async def serve(port: int, folder: Path, context: ssl.SSLContext | None, clock: Clock) -> None:
    """Accept mail on the loopback addresses until SIGTERM or SIGINT."""
    from aiosmtpd.smtp import SMTP

    handler = FolderHandler(folder, clock)
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(
            handler,
            data_size_limit=MAX_MESSAGE_BYTES,
            enable_SMTPUTF8=True,
            hostname="localhost",
            tls_context=context,
            require_starttls=context is not None,
            loop=loop,
        )

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(session, addresses(), port)
    async with server:
        await stopped.wait()


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m local.servers.mailcatcher", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--cert", type=Path, help="certificate chain (PEM); with it, STARTTLS is offered and demanded")
    parser.add_argument("--key", type=Path, help="the certificate's key (PEM)")
    options = parser.parse_args(arguments)
    context = None
    if options.cert is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.cert, options.key)
    asyncio.run(serve(options.port, options.dir, context, SystemClock()))


if __name__ == "__main__":
    main()

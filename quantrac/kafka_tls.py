"""TLS whose handshake ends in time, for a library that waits for it without end (kafka-python 3.0).

A server that is frozen, or whose machine loses its power just then, has taken the connection (the kernel does) and says
nothing more. Who waits for its half of the handshake waits for ever.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

HANDSHAKE_S = 20.0
"""A broker on a machine with a load of 25 took 3 s; kafka-python's clients give the whole of a bootstrap 30 s."""


class _Socket(ssl.SSLSocket):
    """Shuts itself down when its handshake is not through in time: whoever waits for it then reads an end."""

    _cut: threading.Timer | None = None
    context: KafkaTlsContext

    def do_handshake(self, block: bool = False) -> None:
        if self._cut is None:
            self._cut = threading.Timer(self.context.handshake_s, self._shut)
            self._cut.daemon = True
            self._cut.start()
        try:
            super().do_handshake(block)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except BaseException:
            self.close()  # nobody else does
            raise
        self._cut.cancel()

    def close(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().close()

    def __repr__(self) -> str:
        # kafka-python's selector names it in a KeyError at every wait, and catches that: the usual name asks the kernel
        # twice for addresses, which was a twentieth of a worker.
        return f"<TLS {id(self):#x}>"

    def __del__(self) -> None:
        self.close()  # the client was closed in the midst of it: nobody else does, either

    def _shut(self) -> None:
        with suppress(OSError):
            socket.socket.shutdown(self, socket.SHUT_RDWR)  # SSLSocket's own would take its TLS away from the waiter


class KafkaTlsContext(ssl.SSLContext):
    """A client's context: the server's name and certificate are checked."""

    sslsocket_class = _Socket
    handshake_s: float

    def __new__(cls, ca_file: Path | None, handshake_s: float = HANDSHAKE_S) -> Any:
        """Trust the authority of ``ca_file``, or the system's.

        Raises
        ------
        OSError
            The file cannot be read, or holds no certificate (``ssl.SSLError``).
        """
        made = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.handshake_s = handshake_s
        if ca_file is None:
            made.load_default_certs()
        else:
            made.load_verify_locations(ca_file)
        return made

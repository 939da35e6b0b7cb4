"""The Monitor's HTTP server, in its own thread on loopback; it only reports what is known."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading

import uvicorn
from starlette.applications import Starlette

from golive.kit.clock import SYSTEM, Clock
from golive.monitor.holding.requests import Source
from golive.monitor.served.app import app
from golive.monitor.served.connections import LARGEST_HEAD, MOST, PATIENCE, Bounded

SECONDS = 10.0
"""The longest that the server's own beginning or end is waited for."""


class NotServed(Exception):
    """The address or port cannot be used. The text is one line to show."""


class Server:
    """Serves /healthz, /readyz and /metrics of a source, and the routes of what is `beside`.

    The port is taken when this is made, 0 for any free one, so that a taken one is known before
    anything else happens. Raises NotServed.
    """

    def __init__(
        self,
        source: Source,
        address: str,
        port: int,
        clock: Clock = SYSTEM,
        beside: Starlette | None = None,
    ) -> None:
        self._listener = _listening(address, port)
        host, self.port = self._listener.getsockname()[:2]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self._server = _Server(
            uvicorn.Config(
                app(source, clock, host, beside),
                loop="asyncio",
                http=Bounded,
                ws="none",
                log_config=None,
                log_level="critical",  # whoever sends nonsense writes nothing on our terminal
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=True,
                backlog=2 * MOST,
                timeout_keep_alive=PATIENCE,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=LARGEST_HEAD,
            )
        )
        self._thread = threading.Thread(target=self._run, name="golive-http", daemon=True)

    def start(self) -> str:
        """Serves from now on; returns the URL. Raises NotServed."""
        self._thread.start()
        self._server.is_decided.wait(SECONDS)
        if not self._server.started:
            self.stop()
            raise NotServed(f"{self.url}: the HTTP server did not start")
        return self.url

    def stop(self) -> None:
        """Lets the port go; whoever is being answered has a second. May be called twice."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(SECONDS)
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._server.is_decided.set()


class _Server(uvicorn.Server):
    """Tells when it has begun."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_decided = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        # of a client that went away in the middle: its own affair, and nothing for our terminal
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await super().startup(sockets)
        self.is_decided.set()


def _listening(address: str, port: int) -> socket.socket:
    """Raises NotServed where the port is taken, or the address is not this machine's."""
    host = "127.0.0.1" if address == "localhost" else address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener: socket.socket | None = None
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)  # a machine may have no IPv6
        if sys.platform == "win32":  # where SO_REUSEADDR would share the port with anybody
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2 * MOST)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise NotServed(
            f"cannot listen on {address} port {port}: {error.strerror or error}; end the other"
            " program there, or set GoLive.Monitor.HealthPort to another port (0: any free one)"
        ) from None
    return listener

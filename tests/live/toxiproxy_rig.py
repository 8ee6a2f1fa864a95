"""A server process, and something behind its proxies that answers."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

from harness.parts.links.toxiproxy.client import Proxy, ToxiproxyClient

Address = tuple[str, int]


@contextlib.contextmanager
def running_server(**config: Any) -> Iterator[ToxiproxyClient]:
    """A client of a fresh server on a port of its own. config: see harness.parts.links.toxiproxy.server.serve."""
    text = json.dumps({"api": ["127.0.0.1", 0], **config})
    command = [sys.executable, "-m", "harness.parts.links.toxiproxy", "--config", text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            host, port = json.loads(process.stdout.readline())["api"]
            yield ToxiproxyClient(f"http://{host}:{port}")
        finally:
            process.terminate()
    assert process.returncode == 0


class Upstream:
    """A TCP server: echoes, and when its client has sent FIN it says how many bytes it got, then closes.

    seen: what each connection received so far. ended: set for each connection whose end was seen.
    """

    def __init__(self) -> None:
        self.seen: list[bytearray] = []
        self.ended: list[threading.Event] = []
        self._accepted = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listener.getsockname()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._accepted:
                self._sockets.append(client)
                self.seen.append(bytearray())
                self.ended.append(threading.Event())
                thread = threading.Thread(target=self._serve, args=(client, self.seen[-1], self.ended[-1]))
                self._threads.append(thread)
                thread.start()
                self._accepted.notify_all()

    def saw_end(self, number: int = 0) -> bool:
        """Waits until the `number`-th connection was accepted, and its end seen."""
        with self._accepted:
            if not self._accepted.wait_for(lambda: len(self.ended) > number, 30):
                return False
        return self.ended[number].wait(30)

    def _serve(self, client: socket.socket, seen: bytearray, ended: threading.Event) -> None:
        with contextlib.suppress(OSError), client:
            while data := client.recv(65536):
                seen += data
                client.sendall(data)
            client.sendall(b"got %d" % len(seen))
        ended.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._sockets:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for client in self._sockets:
            client.close()


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    try:
        yield server
    finally:
        server.close()


def make_link(client: ToxiproxyClient, name: str, target: Address, host: str = "127.0.0.1") -> Address:
    """A proxy to `target`; returns where it listens."""
    return client.populate([Proxy(name, (host, 0), target)])[name].listen


def receive(sock: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes, or fewer when the stream ends."""
    data = bytearray()
    while len(data) < size and (more := sock.recv(size - len(data))):
        data += more
    return bytes(data)


def exchange(sock: socket.socket, data: bytes) -> bytes:
    """Send, and receive as much."""
    sock.sendall(data)
    return receive(sock, len(data))

"""Real sockets that misbehave on command, and the two servers as processes; with tests that the fakes do so."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

Address = tuple[str, int]
Script = Callable[["Peer"], None]


class Peer:
    """A connection that a fake server accepted."""

    def __init__(self, sock: socket.socket, server: FakeServer) -> None:
        self.sock = sock
        self.server = server
        self._buffer = b""

    def read_request(self) -> bytes | None:
        """The next whole request (Content-Length bodies only); None when the client ended the connection."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(rest) < length:
            if not self._more():
                return None
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        request = head + b"\r\n\r\n" + rest[:length]
        self.server.requests.append(request)
        return request

    def _more(self) -> bool:
        data = self.sock.recv(1 << 20)
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class FakeServer:
    """Runs a script for each connection in a thread of its own; keeps every request and how connections ended."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.accepted = 0
        self.ended = 0
        self._peers: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address: Address = self._listener.getsockname()
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            self._peers.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            self.script(Peer(sock, self))
        self.ended += 1

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(5)
        for sock in self._peers:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def __enter__(self) -> FakeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def reply(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, *fields, b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def answering(body: bytes, *fields: bytes, status: bytes = b"200 OK") -> Script:
    """Answers every request alike and keeps the connection."""

    def script(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(reply(body, *fields, status=status))

    return script


def until_eof(peer: Peer) -> None:
    """Reads until the client leaves, and says nothing."""
    while peer.sock.recv(1 << 16):
        pass


@contextlib.contextmanager
def full_backlog() -> Iterator[Address]:
    """A listener that takes no further connection: connecting to it hangs, as into a black hole."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address: Address = listener.getsockname()
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address


class Client:
    """A raw client connection."""

    def __init__(self, address: Address, timeout_s: float = 10) -> None:
        self.sock = socket.create_connection(address, timeout=timeout_s)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read_response(self) -> tuple[int, dict[str, str], bytes]:
        """A whole response with a Content-Length, or one that ends with the connection. EOFError when none comes."""
        status_line = self._file.readline()
        if not status_line:
            raise EOFError
        fields: dict[str, str] = {}
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        length = fields.get("content-length")
        body = self._file.read() if length is None else self._file.read(int(length))
        return int(status_line.split()[1]), fields, body

    def ask(self, data: bytes) -> tuple[int, dict[str, str], bytes]:
        self.send(data)
        return self.read_response()

    def read_to_end(self) -> bytes:
        return self._file.read()

    def close(self) -> None:
        self._file.close()
        self.sock.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"timed out waiting until {what}"
        time.sleep(0.005)


@contextlib.contextmanager
def running(module: str, config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The module as a process; yields its ready payload. It must end by itself, and well, after SIGTERM."""
    command = [sys.executable, "-m", module, "--config", json.dumps(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready: dict[str, Any] = json.loads(process.stdout.readline())
            yield {**ready, "pid": process.pid}
            process.terminate()
            assert process.wait(60) == 0
        finally:
            process.kill()


def admin(address: list[Any], method: str, path: str, body: object = None) -> dict[str, Any]:
    host, port = address
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{host}:{port}{path}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        answer: dict[str, Any] = json.load(response)
    return answer


@pytest.mark.live
def test_the_fake_answers_back_to_back_requests() -> None:
    with FakeServer(answering(b"hi")) as server, Client(server.address) as client:
        for _ in range(3):
            assert client.ask(b"PUT / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab")[2] == b"hi"
        assert len(server.requests) == 3
        assert server.accepted == 1


@pytest.mark.live
def test_a_full_backlog_hangs_connects() -> None:
    with full_backlog() as address, pytest.raises(TimeoutError):
        Client(address, timeout_s=0.2)

"""Servers on loopback that are told things: one takes webhooks, the other takes mail."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Hook:
    """What a webhook was told. answers: statuses of the next answers, then 200."""

    url: str = ""
    bodies: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def hook() -> Iterator[Hook]:
    """A webhook whose path is a secret."""
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = found.answers.pop(0) if found.answers else 200
            if status == 200:
                found.bodies.append(body)
                found.paths.append(self.path)
            self.send_response(status)
            if status in (302, 307):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/services/T000/s3cret-key"
        yield from _served(server, found)


@dataclass
class Mailbox:
    """What a mail server took. password: wanted of whoever logs in; None: nobody has to."""

    port: int = 0
    password: str | None = None
    messages: list[Message] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)


@contextmanager
def mailbox(password: str | None = None, certificate: tuple[Path, Path] | None = None) -> Iterator[Mailbox]:
    """A mail server; with a certificate (file, key) it takes mail after STARTTLS only."""
    found = Mailbox(password=password)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.secure, self.known = certificate is None, password is None
            self.say("220 mail.example.com ready")
            while line := self.rfile.readline():
                word, _, rest = line.decode().strip().partition(" ")
                if not self.one(word.upper(), rest):
                    return

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def one(self, word: str, rest: str) -> bool:
            if word == "EHLO":
                offers = [] if self.secure else ["STARTTLS"]
                offers += ["AUTH PLAIN"] if password is not None and self.secure else []
                lines = ["mail.example.com", *offers, "8BITMIME"]
                for number, offer in enumerate(lines, 1):
                    self.say(f"250{' ' if number == len(lines) else '-'}{offer}")
            elif word == "STARTTLS" and certificate is not None:
                self.say("220 go ahead")
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(*certificate)
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]
                self.secure = True
            elif word == "AUTH":
                _, user, given = base64.b64decode(rest.split()[1]).decode().split("\0")
                self.known = given == password
                found.logins.append(user)
                self.say("235 welcome" if self.known else f"535 wrong password {given}")
            elif word == "MAIL" and not (self.secure and self.known):
                self.say("530 STARTTLS and login first")
            elif word in ("MAIL", "RCPT", "RSET", "NOOP"):
                self.say("250 ok")
            elif word == "DATA":
                self.say("354 go on")
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
                found.messages.append(message_from_bytes(b"".join(lines), policy=default))
                found.over_tls.append(isinstance(self.connection, ssl.SSLSocket))
                self.say("250 taken")
            elif word == "QUIT":
                self.say("221 bye")
                return False
            else:
                self.say("502 no")
            return True

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away in the middle is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_address[1]
        yield from _served(server, found)


def _served(server: socketserver.BaseServer, found: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()

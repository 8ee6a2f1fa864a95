"""TLS to a stack that is not ours: whom clients believe, what an unbelievable one is, and connections that are kept."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.errors import InputError
from harness.kit.address import Address
from harness.kit.tls import Tls
from harness.outcome import Outcome
from harness.wire.ask import NoAnswer, ask, ask_status
from harness.wire.secured import context_of
from harness.witness import outcomes
from harness.witness.channel import ExchangeError, dial

NAME = "app.example.com"
REQUEST = f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for NAME, which vouches for itself, with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


def of_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class Handler(BaseHTTPRequestHandler):
    """Answers each request. once: and hangs up then, without a word."""

    protocol_version = "HTTP/1.1"
    once = False

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        self.close_connection = self.once

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Its handshakes are in the threads of its connections, and those that fail are nobody's business."""

    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with suppress(OSError), self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):
            super().shutdown_request(request)


@contextmanager
def served(certificate: Path | None, *, once: bool = False) -> Iterator[Address]:
    server = Server(("127.0.0.1", 0), type("Once", (Handler,), {"once": once}))
    server.context = None if certificate is None else of_server(certificate)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield ("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def believing(certificate: Path) -> Tls:
    return Tls(server_name=NAME, ca_file=str(certificate))


def test_an_exchange_and_another_one_on_a_connection_that_was_idle(certificate: Path) -> None:
    async def run() -> None:
        with served(certificate) as address:
            channel = await dial(address, believing(certificate))
            broken = asyncio.Event()
            channel.watch(broken.set)
            # TLS 1.3 sends session tickets after the handshake: read by whoever watches, and no reason to hang up.
            for _ in range(20):
                await asyncio.sleep(0.005)
            assert channel.open
            assert not broken.is_set()
            for _ in range(3):
                answer = await channel.exchange(REQUEST)
                assert (answer.status, answer.body) == (200, b"ok")
                channel.watch(broken.set)
            channel.close()

    asyncio.run(run())


def test_a_peer_that_hangs_up_is_noticed_while_idle(certificate: Path) -> None:
    async def run() -> None:
        with served(certificate, once=True) as address:
            channel = await dial(address, believing(certificate))
            await channel.exchange(REQUEST)
            broken = asyncio.Event()
            if channel.open:
                channel.watch(broken.set)
                async with asyncio.timeout(5):
                    await broken.wait()
            assert not channel.open

    asyncio.run(run())


@pytest.mark.parametrize("name", [NAME, "other.example.com"])
def test_a_certificate_that_is_not_believed_is_no_connection(certificate: Path, name: str) -> None:
    tls = Tls(server_name=name, ca_file=str(certificate) if name != NAME else None)

    async def run() -> None:
        with served(certificate) as address:
            with pytest.raises(ExchangeError) as failed:
                await dial(address, tls)
            assert failed.value.word == outcomes.NO_TLS
            (await dial(address, Tls(server_name=name, verify=False))).close()

    asyncio.run(run())
    assert outcomes.without_answer(outcomes.NO_TLS).outcome is Outcome.FAIL, "nothing was sent"


def test_a_peer_that_speaks_no_tls_is_no_connection(certificate: Path) -> None:
    async def run() -> None:
        with served(None) as address:
            with pytest.raises(ExchangeError) as failed:
                await dial(address, believing(certificate))
            assert failed.value.word == outcomes.NO_TLS

    asyncio.run(run())


def test_single_requests_speak_it_too(certificate: Path) -> None:
    with served(certificate) as address:
        tls = believing(certificate)
        assert ask(address, "GET", "/", timeout_s=5, tls=tls).body == b"ok"
        assert ask_status(address, "/", timeout_s=5, tls=tls) == 200
        with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
            ask(address, "GET", "/", timeout_s=5, tls=Tls(server_name=NAME))


def test_a_file_without_certificates_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    for file in ("empty.pem", "absent.pem"):
        with pytest.raises(InputError, match=f"{file}: no certificates can be read"):
            context_of(Tls(server_name=NAME, ca_file=str(tmp_path / file)))

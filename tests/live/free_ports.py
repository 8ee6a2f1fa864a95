"""Ports for programs that have to be told one, and ports on which nobody listens for as long as tests run."""

from __future__ import annotations

import socket

from harness.engines.addresses import choose_port

Address = tuple[str, int]
_closed: list[socket.socket] = []


def free_port() -> int:
    """For TCP and UDP, and below those that the kernel gives to outgoing connections.

    Tests make hundreds of those: one could have the port before the program that was told it has bound it.
    """
    while True:
        port = choose_port(["127.0.0.1"], 0, "port")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def closed_port() -> Address:
    """It is held, so that nobody else is given it: one that was let go could have a listener again."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    _closed.append(sock)
    address: Address = sock.getsockname()
    return address

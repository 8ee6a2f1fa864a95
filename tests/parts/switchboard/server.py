"""A name server whose answer follows the health of the primary; its operator is talked to over HTTP."""

from __future__ import annotations

import http.client
import json
import signal
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dns.flags
import dns.message
import dns.rrset


class Operator:
    """places: (answered, dialled at) of the primary and of the standby."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.side = 0
        self.frozen = False

    @property
    def answer(self) -> str:
        return str(self.config["places"][self.side][0])

    def work(self) -> None:
        missed = 0
        while True:
            missed = 0 if self._healthy(0) else missed + 1
            if not self.frozen:
                self.side = 1 if missed >= self.config["misses"] and (self.side or self._healthy(1)) else 0
            time.sleep(self.config["look_every_s"])

    def _healthy(self, side: int) -> bool:
        connection = http.client.HTTPConnection(*self.config["places"][side][1], timeout=1.0)
        try:
            connection.request("GET", self.config["path"])
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def serve(config: Mapping[str, Any], ready: Callable[[Mapping[str, Any]], None]) -> None:
    """Until SIGTERM. ready: {"dns": [host, port], "admin": [host, port]}."""
    operator = Operator(config)

    class Names(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, socket = self.request
            query = dns.message.from_wire(data)
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.AA
            reply.answer = [dns.rrset.from_text(query.question[0].name, config["ttl_s"], "IN", "A", operator.answer)]
            socket.sendto(reply.to_wire(), self.client_address)

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operator.frozen = self.path == "/freeze"
            self.do_GET()

        def do_GET(self) -> None:
            body = json.dumps([operator.answer]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    names = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Names)
    desk = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    for work in (names.serve_forever, operator.work):
        threading.Thread(target=work, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    ready({"dns": list(names.server_address), "admin": list(desk.server_address)})
    desk.serve_forever()

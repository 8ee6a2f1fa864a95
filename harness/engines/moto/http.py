"""HTTP for a region: real keep-alive, answers without delay, and no thread lost to a silent client."""

from __future__ import annotations

import json
import signal
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cheroot import wsgi
from cheroot.server import HTTPConnection

from harness.kit.address import Address
from harness.kit.browsers import REFUSAL, sent_by_browser
from harness.kit.process import binding
from harness.kit.strict_json import strict_json

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Answer = tuple[int, Mapping[str, Any]]
Route = Callable[[Any], Answer]
"""Called with the request's JSON body (None when empty)."""

_THREADS = 24
"""A link that goes dark in the middle of a request holds one until _TIMEOUT_S; the rest must go on."""
_BACKLOG = 512
_TIMEOUT_S = 60
"""An idle connection is closed after this, as AWS does after about as long; also the limit for reading a request."""
_BODY_BYTES_MAX = 1 << 20
_REASONS = {
    200: "200 OK",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
}


class HttpServer(wsgi.Server):
    """A WSGI server. address: (host, port), port 0 for any. `bind_addr` has the real one after `prepare`."""

    keep_alive_conn_limit = 1 << 16
    nodelay = True
    expiration_interval = 0.1  # also how long `stop` may take to be noticed

    def __init__(self, address: Address, app: Wsgi, threads: int = _THREADS) -> None:
        super().__init__(
            address, app, numthreads=threads, request_queue_size=_BACKLOG, timeout=_TIMEOUT_S, shutdown_timeout=0
        )
        self._seen: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()

    def process_conn(self, conn: HTTPConnection) -> None:
        """Give a connection to a worker; a new one only when it has sent something (it may never)."""
        if conn in self._seen:
            super().process_conn(conn)
        else:
            self._seen.add(conn)
            self.put_conn(conn)

    def serve_until_signal(self, ready: Callable[[], None], *beside: HttpServer) -> None:
        """Serve until SIGTERM or SIGINT, then close everything. Call it from the main thread.

        ready: called once connections are accepted; beside: others that serve as long as this one. Raises WorldError
        when an address cannot be bound.
        """
        ending = {signal.SIGTERM, signal.SIGINT}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)  # inherited by the threads: only sigwait sees them
        servers = (self, *beside)
        threads = [threading.Thread(target=server.serve, name="connections") for server in servers]
        for server in servers:
            with binding("region server", server.bind_addr):
                server.prepare()
        for thread in threads:
            thread.start()
        try:
            ready()
            signal.sigwait(ending)
        finally:
            for server in servers:
                server.stop()
            for thread in threads:
                thread.join()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def with_routes(app: Wsgi, routes: Mapping[tuple[str, str], Route], prefix: str) -> Wsgi:
    """Answer requests below `prefix` by (method, path) -> route, and leave the rest to `app`.

    A browser is refused. A ValueError (or one of its kind, such as malformed JSON) in a route is the caller's mistake:
    400 with its text.
    """

    def allowed(path: str) -> str:
        """The methods of a path, for `Allow`, which every 405 has (RFC 9110 section 15.5.6)."""
        return ", ".join(sorted(method for method, known in routes if known == path))

    def answer(environ: dict[str, Any]) -> Answer:
        named = {"User-Agent": "HTTP_USER_AGENT", "Origin": "HTTP_ORIGIN"}
        if sent_by_browser({name: environ[key] for name, key in named.items() if key in environ}):
            return 403, {"error": REFUSAL}
        path = environ["PATH_INFO"]
        route = routes.get((environ["REQUEST_METHOD"], path))
        if route is None:
            return (405 if allowed(path) else 404), {"error": f"no such endpoint: {environ['REQUEST_METHOD']} {path}"}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > _BODY_BYTES_MAX:
            return 400, {"error": f"the body is larger than {_BODY_BYTES_MAX} bytes"}
        try:
            return route(strict_json(environ["wsgi.input"].read(length)) if length else None)
        except ValueError as error:
            return 400, {"error": str(error)}

    def routed(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(prefix):
            return app(environ, start_response)
        status, body = answer(environ)
        data = json.dumps(body).encode() + b"\n"
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
        if status == 405:
            headers.append(("Allow", allowed(environ["PATH_INFO"])))
        start_response(_REASONS[status], headers)
        return [data]

    return routed

"""One region: moto's own server, until SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Logs no request."""

    def log_request(self, *_: Any) -> None:
        """Nothing."""


def serve(config: Mapping[str, Any], ready: Callable[[Mapping[str, Any]], None]) -> None:
    """config: nothing. ready: {"listen": [host, port]}."""
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    signal.signal(signal.SIGTERM, lambda *_: exit(0))
    ready({"listen": ["127.0.0.1", server.server_port]})
    server.serve_forever()

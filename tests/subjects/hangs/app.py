"""Accepts connections and never answers."""

import os
import socket

with socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=128) as server:
    open_connections = []
    while True:
        open_connections.append(server.accept()[0])

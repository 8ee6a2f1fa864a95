"""Answers every request with bytes that are not HTTP, and closes."""

import os
import socket

with socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=128) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(1)
            try:
                connection.recv(65536)
                connection.sendall(bytes(range(256)) * 4)
            except OSError as error:
                print("client went away:", error, flush=True)

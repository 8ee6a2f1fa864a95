"""An order book: ids are made by the server and told in `Location`, nothing is ever changed or deleted."""

from __future__ import annotations

import json
import os
import sys
import uuid
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from two_sides import Application, Store, serve

STORE = Store("orders")


class Orders(Application):
    def answer(self) -> None:
        path = urlsplit(self.path)
        body = self.body()
        if self.command == "POST" and path.path == "/orders":
            order, name = json.loads(body), str(uuid.uuid4())
            STORE.put({"order_id": {"S": name}, "body": {"S": json.dumps(order)}}, ("order_id",))
            return self.reply(201, {"message": "created"}, Location=f"/orders?order={name}")
        if self.command == "GET" and path.path == "/orders":
            found = STORE.get({"order_id": {"S": parse_qs(path.query)["order"][0]}})
            return self.reply(200, json.loads(found["body"]["S"]) if found else {})
        if path.path == "/health":
            STORE.get({"order_id": {"S": "-"}})
            return self.reply(200)
        return self.reply(405)


serve(Orders, int(os.environ["PORT"]))

"""Two regions, each with data of its own: nothing is copied. What a failover loses is everything."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from two_sides import Application, Store, serve

STORE = Store("items", copies=False)


class Items(Application):
    def answer(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.command == "PUT":
            STORE.put({"id": {"S": name}, "value": {"S": json.loads(self.body())["value"]}}, ("id",))
            return self.reply(200, {})
        if self.command == "DELETE":
            STORE.put({"id": {"S": name}}, ("id",), present=False)
            return self.reply(200, {})
        found = STORE.get({"id": {"S": name}})
        if self.path == "/health":
            return self.reply(200, {})
        return self.reply(200, {"value": found["value"]["S"]}) if found else self.reply(404, {})


serve(Items, int(os.environ["PORT"]))

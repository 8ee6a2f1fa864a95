"""An API behind a key, with forms for bodies, 204 for health, and a table that holds several kinds of things."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from two_sides import Application, Item, Store, serve

STORE = Store("shop")
KEYS = ("PK", "SK")


def item_of(name: str, value: str = "") -> Item:
    return {"PK": {"S": "TENANT#1"}, "SK": {"S": f"ITEM#{name}"}, "doc": {"M": {"value": {"S": value}}}}


class Guarded(Application):
    def answer(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/health":
            STORE.get({name: item_of("-")[name] for name in KEYS})
            return self.reply(204)
        body = self.body()
        if self.headers.get("X-Api-Key") != os.environ["EXPECTED_KEY"]:
            return self.reply(403, {"message": f"{self.headers.get('X-Api-Key')} is no key of ours"})
        if not path.path.startswith("/v1/things/") or parse_qs(path.query).get("tenant") != ["1"]:
            return self.reply(404)
        name = unquote(path.path.rpartition("/")[2])
        if self.command == "PUT":
            value = parse_qs(body.decode())["data"][0]
            STORE.put(item_of(name, value), KEYS)
            return self.reply(202)
        if self.command == "DELETE":
            STORE.put(item_of(name), KEYS, present=False)
            return self.reply(204)
        found = STORE.get({key: item_of(name)[key] for key in KEYS})
        if not found:
            return self.reply(204)
        return self.reply(200, {"thing": {"data": found["doc"]["M"]["value"]["S"]}})


serve(Guarded, int(sys.argv[1]))

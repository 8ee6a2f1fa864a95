"""An application that tells an ERP of each write, in one of several ways (DESIGN): only `outbox` is right.

outbox: a row for each write, told in its turn until the ERP says that it has it, with one key for all attempts.
fire_and_forget: told once, and never again. trusting: whoever says 201 is believed. synchronous: the write is answered
when the ERP has answered. storming: told at once, again and again, each time as something new.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import sys
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from two_sides import Application, Store, serve

STORE = Store("items")
DESIGN = os.environ["DESIGN"]
ERP = urlsplit(os.environ["PARTY_ERP_URL"])
FIRST_S, MOST_S = 0.1, 1.0
ROWS: queue.Queue[tuple[str, str]] = queue.Queue()


def tell(key: str, value: str, idempotency: str, timeout_s: float = 0.4) -> int | None:
    """The status of one attempt; None: no answer."""
    connection = http.client.HTTPConnection(ERP.hostname or "", ERP.port, timeout=timeout_s)
    try:
        body = json.dumps({"id": key, "value": value})
        headers = {"Content-Type": "application/json", "Idempotency-Key": idempotency}
        connection.request("POST", f"/v1/records/{quote(key, safe='')}", body, headers)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        return answer.status if told.get("stored") else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def drain() -> None:
    """Tell the ERP of one row after the other."""
    while True:
        key, value = ROWS.get()
        wait_s, patient = FIRST_S, DESIGN == "outbox"
        while True:
            idempotency = value if patient or DESIGN == "trusting" else uuid.uuid4().hex
            status = tell(key, value, idempotency)
            # Who answers 200 has it from before: what 201 promises is only believed when it is said again.
            if status == 201 and patient:
                status = tell(key, value, idempotency)
            if status == 200 or (status == 201 and not patient) or DESIGN == "fire_and_forget":
                break
            if DESIGN != "storming":
                time.sleep(wait_s * random.uniform(0.5, 1))
                wait_s = min(MOST_S, 2 * wait_s)


class Items(Application):
    def answer(self) -> None:
        name = self.path.rpartition("/")[2]
        if self.command == "PUT":
            value = json.loads(self.body())["value"]
            STORE.put({"id": {"S": name}, "value": {"S": value}}, ("id",))
            if DESIGN == "synchronous":
                while tell(name, value, value, timeout_s=2) not in (200, 201):
                    pass
            else:
                ROWS.put((name, value))
            return self.reply(200, {})
        if self.command == "DELETE":
            STORE.put({"id": {"S": name}}, ("id",), present=False)
            return self.reply(200, {})
        found = STORE.get({"id": {"S": name}})
        if self.path == "/health":
            return self.reply(200, {})
        return self.reply(200, {"value": found["value"]["S"]}) if found else self.reply(404, {})


threading.Thread(target=drain, daemon=True).start()
serve(Items, int(os.environ["PORT"]))

"""How long a theme of 1,000 files takes to be backed up: all of it, when nothing has changed, when one file has.

    python benchmarks/theme_backup.py [--files 1000] [--repeat 5]

A theme in the shape of a real one is generated (published ones may be used for themes alone): the folders that themes
have, about 12 KB a file, a tenth of them binary. It is put into the stand-in of Shopify, which answers over HTTP from a
process of its own and gives as many points as are asked for: a shop's plan limits a first backup far more than this
machine. `drill backup run` is the whole command, the start of Python among it. Beside it, in the same rounds: the same
files copied into a working tree, `git add` and `git commit`, as who has all of the files at hand would do it. Promised:
the median below 2 s where nothing has changed, the whole command. Exit code 1 where it was not so.
"""

from __future__ import annotations

import argparse
import base64
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from baseline import machine

from harness.archive.admin_api import AdminApi, Http
from harness.archive.backing_up import back_up
from harness.archive.pieces.theme import Theme
from harness.archive.repository import opened
from harness.clock import MachineClock
from harness.parts.commerce.shopify.admin.api import AdminApi as Served
from harness.parts.commerce.shopify.admin.exchange import request_of
from harness.parts.commerce.shopify.admin.settings import AdminSettings
from harness.parts.commerce.shopify.records.shop import Shop

_BELOW_S = 2.0
_COMMAND = "drill backup run: nothing changed"
_BYTES = 12_000
_SHAPE = {
    "assets": 0.30, "snippets": 0.24, "sections": 0.18, "locales": 0.11, "templates": 0.07, "blocks": 0.08,
    "config": 0.01, "layout": 0.01,
}  # fmt: skip
"""The share of a theme's files that is in each folder."""
_WORDS = (
    "section",
    "block",
    "settings",
    "render",
    "product",
    "{{",
    "}}",
    "{%",
    "%}",
    "class=",
    "<div>",
    "assign",
    "if",
)


def theme(files: int, seed: int = 11) -> dict[str, bytes]:
    """A made-up theme."""
    source = random.Random(seed)
    found = {}
    for folder, share in _SHAPE.items():
        for number in range(max(1, round(files * share))):
            name, content = _file(folder, number, source)
            found[name] = content
    return found


def _file(folder: str, number: int, source: random.Random) -> tuple[str, bytes]:
    size = source.randrange(_BYTES // 4, _BYTES * 7 // 4)
    if folder == "assets" and number % 3 == 0:
        return f"assets/image-{number}@2x.png", source.randbytes(size)
    words = " ".join(source.choices(_WORDS, k=size // 5)) + str(number)
    if folder in ("locales", "templates", "config"):
        return f"{folder}/{folder}-{number}.json", json.dumps(
            {"of": number, "text": words, "order": [words[:9]]}
        ).encode()
    ending = source.choice((".css", ".js")) if folder == "assets" else ".liquid"
    return f"{folder}/{folder}-{number}{ending}", words.encode()


def serve(files: Mapping[str, bytes], told: Any) -> None:
    """The stand-in, in a process of its own: it tells its port and a token, and changes a file where it is asked to."""
    clock = MachineClock()
    shop = Shop(lambda: time.time_ns() // 1000)
    limits = AdminSettings(points_per_s=1e9, points_max=1e9, query_points_max=10**9)
    api = Served(shop, clock, limits)
    main = shop.themes.main()
    shop.themes.write(main.id, files)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/change":
                one = json.loads(body)
                shop.themes.write(main.id, {one["name"]: base64.b64decode(one["content"])})
                status, content = 200, b""
            else:
                status, _, content = api.answer(request_of("", "POST", self.path, dict(self.headers.items()), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.put((server.server_port, shop.installation.issue("here", None).text))
    server.serve_forever()


class Ours:
    """Backups by `drill backup`: what it does between reading its file and telling what came of it."""

    def __init__(self, folder: Path, base: str, token: str) -> None:
        self._folder, self._base, self._token = folder, base, token

    def __call__(self, files: Mapping[str, bytes]) -> None:
        """Back up; files: what the shop has, which is asked and not this."""
        with opened(self._folder, create=True) as repository:
            api = AdminApi(self._base, "2026-10", lambda transport: self._token, Http())
            back_up("shop", _description(self._base), [Theme(api, "main")], repository, datetime.now(UTC))


class PlainCopy:
    """A working tree that is written over, and committed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._git("init", "-q")

    def __call__(self, files: Mapping[str, bytes]) -> None:
        """Copy every file, and have Git find what is new."""
        for name, content in files.items():
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        self._git("add", "--all")
        if self._git("status", "--porcelain"):
            self._git("-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-qm", "backup")

    def _git(self, *words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=self._folder, capture_output=True, check=True).stdout


def timed(what: Callable[[], None]) -> float:
    """Seconds."""
    began = time.monotonic()
    what()
    return time.monotonic() - began


def rounds(files: int, repeat: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of each contestant in each state, round by round."""
    found: dict[str, list[float]] = {}
    made = theme(files)
    told: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(made, told), daemon=True)
    server.start()
    port, token = told.get(timeout=120)
    base = f"http://127.0.0.1:{port}"
    try:
        for number in range(repeat):
            at = folder / str(number)
            (at / "copy").mkdir(parents=True)
            current = dict(made)
            _change(base, "layout/layout-0.liquid", made["layout/layout-0.liquid"])
            contestants: dict[str, Callable[[Mapping[str, bytes]], None]] = {
                "drill backup": Ours(at / "ours.git", base, token),
                "copy, git add": PlainCopy(at / "copy"),
            }
            for state in ("first", "nothing changed", "one file changed"):
                if state == "one file changed":
                    current["layout/layout-0.liquid"] = os.urandom(40).hex().encode()
                    _change(base, "layout/layout-0.liquid", current["layout/layout-0.liquid"])
                for name, contestant in contestants.items():
                    took = timed(partial(contestant, current))
                    found.setdefault(f"{name}: {state}", []).append(took)
                if state == "nothing changed":
                    found.setdefault(_COMMAND, []).append(timed(partial(_typed, at, base, token)))
            shutil.rmtree(at)
    finally:
        server.kill()
        server.join()
    return found


def _description(base: str) -> bytes:
    shop = f'shop: {{url: "{base}", token: "${{env:BENCH_TOKEN}}"}}'
    return f"name: shop\nrepository: ours.git\n{shop}\ntheme: {{theme: main}}\n".encode()


def _typed(folder: Path, base: str, token: str) -> None:
    """The command itself, of the repository that is there."""
    file = folder / "shop.yaml"
    file.write_bytes(_description(base))
    command = [sys.executable, "-m", "harness.cli.main", "backup", "run", str(file), "--quiet"]
    subprocess.run(command, check=True, env={**os.environ, "BENCH_TOKEN": token})


def _change(base: str, name: str, content: bytes) -> None:
    body = json.dumps({"name": name, "content": base64.b64encode(content).decode()}).encode()
    status, _, _ = Http().request("POST", f"{base}/change", {}, body)
    assert status == 200


def main() -> int:
    """Print a table; 1 where what is promised was not so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    made = theme(given.files)
    print(machine())
    print(f"{len(made)} files, {sum(map(len, made.values())) / 1e6:.1f} MB, {given.repeat} rounds, seconds\n")
    with tempfile.TemporaryDirectory(prefix="drill-bench-") as folder:
        found = rounds(given.files, given.repeat, Path(folder))
    print(f"{'':34} {'median':>8} {'least':>8} {'most':>8}")
    for name, times in found.items():
        print(f"{name:34} {median(times):8.3f} {min(times):8.3f} {max(times):8.3f}")
    took = median(found[_COMMAND])
    print(f"\npromised: nothing changed below {_BELOW_S:g} s; the median of the whole command was {took:.3f} s")
    return 0 if took < _BELOW_S else 1


if __name__ == "__main__":
    sys.exit(main())

"""What an operator does with `drill backup` and `drill restore` in a drill: the commands, past every link."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.drill.stopping.command import CommandUnderWay, NotRun
from harness.errors import ProcessError, SubjectError, WorldError
from harness.live import commands
from harness.live.runbook import SUFFIX
from harness.processes.forkserver import ForkServer
from harness.storable_text import json_text, write_text
from harness.topology.subject import Subject
from harness.world.regions import RegionServer
from harness.world.shop import ShopAccess

_API = "api"
_SECRET = "DRILL_SHOP_CLIENT_SECRET"  # noqa: S105 - the name of a variable
_DAMAGED_FROM = 100
"""Bytes of a pack: behind its head, so that it still looks like one."""


class ShopArchive:
    """See harness.drill.backend.Archive. folder: of the drill's own backups; access: to the shop's API, None where
    there is no shop."""

    def __init__(
        self, launcher: ForkServer, folder: Path, access: ShopAccess | None, server: RegionServer, subject: Subject
    ) -> None:
        table = subject.judged_table
        if table is None or _API not in server.endpoints():
            raise WorldError(f"nothing can be backed up in {server.region}: no table, or no API to do it by")
        self.table = table.name
        self._launcher, self._folder, self._access, self._server = launcher, folder, access, server

    def back_up(self) -> CommandUnderWay:
        """See Archive."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # JSON is YAML, and quotes what must be quoted.
        write_text(self._file, json_text(dict(self._described()), indent=1) + "\n")
        return self._started("backup", "run", str(self._file))

    def restore_theme(self) -> CommandUnderWay:
        """See Archive."""
        return self._started("restore", str(self._file), "theme", "--yes")

    def restore_table(self) -> CommandUnderWay:
        """See Archive."""
        piece = f"databases/{_piece(self.table)}"
        beside = self._table(f"{self.table}{SUFFIX}")
        return self._started("restore", str(self._file), piece, "--to", f"{piece}={beside}", "--yes")

    def damage(self) -> None:
        """See Archive."""
        for pack in (self._repository / "objects" / "pack").glob("*.pack"):
            content = bytearray(pack.read_bytes())
            for at in range(_DAMAGED_FROM, len(content), 97):
                content[at] ^= 0xFF
            pack.chmod(0o600)
            pack.write_bytes(content)

    @property
    def _file(self) -> Path:
        return self._folder / "backup.yaml"

    @property
    def _repository(self) -> Path:
        return self._folder / "backups.git"

    def _described(self) -> Iterator[tuple[str, object]]:
        yield "name", "drill"
        yield "repository", self._repository.name
        yield (
            "databases",
            {_piece(self.table): {"kind": "dynamodb", "table": self._table(self.table), "read_share": 1.0}},
        )
        if self._access is not None:
            shop = {"url": self._access.url, "version": self._access.version, "client_id": self._access.client_id}
            yield "shop", {**shop, "client_secret": f"${{env:{_SECRET}}}"}
            yield "theme", {"theme": "main"}

    def _table(self, name: str) -> str:
        host, port = self._server.endpoints()[_API]
        return f"{self._server.region}:{name}@http://{host}:{port}"

    def _environment(self) -> Mapping[str, str]:
        secret = {} if self._access is None else {_SECRET: self._access.client_secret}
        return {**os.environ, **secret}

    def _started(self, *words: str) -> CommandUnderWay:
        command = [sys.executable, "-P", "-m", "harness.cli.main", *words]
        try:
            return commands.under_way(self._launcher, f"archive-{words[0]}", command, self._environment(), self._folder)
        except (SubjectError, ProcessError) as error:
            return NotRun(str(error))


def _piece(table: str) -> str:
    """A name as descriptions have it."""
    return "".join(letter if letter.isalnum() else "-" for letter in table.lower()).lstrip("-")

"""From a description to its pieces: secrets come out of the environment here, and go into no file.

What a kind of piece needs (boto, Git's porcelain) takes a while to be loaded, so it is where there is such a piece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.archive import description as told_by
from harness.archive.admin_api import AdminApi, Http, by_client
from harness.archive.description import Description, Shop
from harness.archive.pieces.piece import Piece
from harness.errors import InputError
from harness.wire import placeholders

_LOCAL = ("configuration", "code", "folder", "sqlite")
"""Kinds of pieces whose targets are paths."""


class Making:
    """The pieces of a description. folder: where its relative paths begin."""

    def __init__(self, told: Description, folder: Path, environ: Mapping[str, str]) -> None:
        self._told, self._folder, self._environ = told, folder, environ

    def pieces(self, names: Sequence[str] = (), targets: Mapping[str, str] = {}) -> list[Piece]:
        """Those that are named, all where none is; targets: where to, instead of from where. Raises InputError.

        A piece that is not named needs no secret.
        """
        known = self.names()
        for name in (*names, *targets):
            if name not in known:
                raise InputError(f"there is no {name} in the description; it has {', '.join(known)}")
        wanted = [name for name in known if not names or name in names]
        return [self._aimed(self._piece(name, targets.get(name)), targets.get(name)) for name in wanted]

    def names(self) -> list[str]:
        """Of all pieces."""
        told = self._told
        single = ("theme", "configuration", "code")
        return [
            *(name for name in single if getattr(told, name) is not None),
            *(f"databases/{name}" for name in told.databases),
            *(f"folders/{name}" for name in told.folders),
        ]

    def secrets(self) -> list[str]:
        """What the description takes out of the environment as secrets: none of them may stand in a backup."""
        told = self._told
        shop = (told.shop.token, told.shop.client_secret) if told.shop is not None else ()
        names = [name for one in (told.seal_key, *shop) if one is not None for name in placeholders.variables(one)]
        return [self._environ[name] for name in names if self._environ.get(name)]

    def repository(self) -> Path:
        """Where the backups are kept."""
        return self._folder / self._filled("repository", self._told.repository)

    def _aimed(self, piece: Piece, target: str | None) -> Piece:
        if target is None:
            return piece
        return piece.aimed(str(Path(target).absolute()) if piece.kind in _LOCAL else target)

    def _piece(self, name: str, target: str | None) -> Piece:
        told = self._told
        if name == "theme":
            assert told.theme is not None
            assert told.shop is not None
            from harness.archive.pieces.theme import Theme

            return Theme(self._api(told.shop), told.theme.theme)
        if name == "configuration":
            assert told.configuration is not None
            return self._configuration(told.configuration)
        if name == "code":
            assert told.code is not None
            from harness.archive.pieces.code import Code

            return Code(self._folder / told.code.path, told.code.revision, told.code.files)
        family, _, own = name.partition("/")
        if family == "folders":
            from harness.archive.pieces.folder import Folder

            return Folder(name, self._folder / told.folders[own].path, told.folders[own].leave_out)
        return self._database(name, told.databases[own], target)

    def _database(self, name: str, told: told_by.Database, target: str | None) -> Piece:
        if isinstance(told, told_by.DynamoDB):
            from harness.archive.pieces.dynamodb import DynamoDB

            table = self._filled(f"{name}.table", told.table)
            return DynamoDB(
                name, table, None if told.export is None else self._filled(name, told.export), told.read_share
            )
        if isinstance(told, told_by.SQLite):
            from harness.archive.pieces.sqlite import SQLite

            return SQLite(name, self._folder / self._filled(f"{name}.file", told.file))
        from harness.archive.pieces.postgresql import PostgreSQL

        return PostgreSQL(name, target or self._filled(f"{name}.url", told.url))

    def _configuration(self, told: told_by.Configuration) -> Piece:
        from harness.archive.pieces.configuration import Configuration
        from harness.archive.sealing import Seal

        seal = None
        if told.secrets == "seal":
            assert self._told.seal_key is not None
            seal = Seal(self._filled("seal_key", self._told.seal_key))
        made = Configuration(self._folder / told.folder, told.files, told.secret_keys, told.secret_files, seal)
        return replace(made, environ=self._environ)

    def _api(self, shop: Shop) -> AdminApi:
        base = self._filled("shop.url", shop.url)
        if shop.token is not None:
            token = self._filled("shop.token", shop.token)
            return AdminApi(base, shop.version, lambda transport: token, Http(shop.ca_file))
        assert shop.client_id is not None
        assert shop.client_secret is not None
        secret = self._filled("shop.client_secret", shop.client_secret)
        return AdminApi(
            base,
            shop.version,
            by_client(base, self._filled("shop.client_id", shop.client_id), secret),
            Http(shop.ca_file),
        )

    def _filled(self, key: str, text: str) -> str:
        try:
            found = placeholders.fill(text, {}, self._environ)
        except KeyError as error:
            raise InputError(f"{key}: the variable {error.args[0]} is not set") from error
        if not found:
            raise InputError(f"{key}: the variable that it takes is empty")
        return found

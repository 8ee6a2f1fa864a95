"""What a backup's description file says: which things are backed up, into which repository, and how long they stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from harness.kit.forms import Form
from harness.topology.environment import Spec
from harness.topology.load import load_file
from harness.topology.mistakes import Mistake
from harness.wire import placeholders

VERSION = "2026-10"
"""Of the Admin API."""
LEFT_OUT = (".git", "node_modules", "__pycache__")

Name = Annotated[
    str, Form(r"^[a-z0-9][a-z0-9_-]{0,62}$", "needs 1 to 63 characters of a-z 0-9 _ -, a letter or a digit first")
]
Text = Annotated[str, Field(min_length=1)]
FromEnvironment = Annotated[
    str, Form(r"^\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$", "is a secret: take it from a variable, ${env:NAME}")
]
Glob = Annotated[str, Form(r"^(?!/)(?!(.*/)?\.\.(/|$)).+$", "must name files within the folder: no / first, and no ..")]


class Shop(Spec):
    """How the shop's Admin API is reached. url: https://SHOP.myshopify.com; token: an access token, or client_id and
    client_secret, for which one is asked. ca_file: certificates that are believed, if not the machine's."""

    url: Text
    version: Annotated[str, Form(r"^(\d{4}-\d{2}|unstable)$", "is YYYY-MM, as Shopify calls its versions")] = VERSION
    token: FromEnvironment | None = None
    client_id: Text | None = None
    client_secret: FromEnvironment | None = None
    ca_file: str | None = None


class Theme(Spec):
    """A theme with all its files. theme: `main` for the one that is published, a name, an id, or gid://shopify/...."""

    theme: Text = "main"


class Configuration(Spec):
    """Files that configure the app. files: patterns within `folder`, each of which must match something.

    secrets: `exclude` leaves the values of secret keys out, `seal` keeps them encrypted by `seal_key`. secret_keys:
    patterns of further keys whose values are secret; secret_files: of files that are secret as a whole.
    """

    folder: Text = "."
    files: Annotated[tuple[Glob, ...], Field(min_length=1)]
    secrets: Literal["exclude", "seal"] = "exclude"
    secret_keys: tuple[Text, ...] = ()
    secret_files: tuple[Glob, ...] = ()


class Code(Spec):
    """The app's code, as a Git repository. files: whether the files of the revision are kept, and not only its name."""

    path: Text = "."
    revision: Text = "HEAD"
    files: bool = True


class Folder(Spec):
    """A folder of scripts, extensions or the like. leave_out: names of files and folders within it."""

    path: Text
    leave_out: tuple[Text, ...] = LEFT_OUT


class DynamoDB(Spec):
    """A table: REGION:TABLE, REGION:TABLE@ENDPOINT or an ARN. export: a bucket, to export to it with point-in-time
    recovery what the table held at one moment; left out: the table is scanned, at `read_share` of its capacity."""

    kind: Literal["dynamodb"]
    table: Text
    export: Text | None = None
    read_share: Annotated[float, Field(gt=0, le=1)] = 0.5


class SQLite(Spec):
    """A database file, copied by SQLite's own online backup while others use it."""

    kind: Literal["sqlite"]
    file: Text


class PostgreSQL(Spec):
    """A database, by pg_dump. url: postgresql://USER:PASSWORD@HOST:PORT/DATABASE, from a variable."""

    kind: Literal["postgresql"]
    url: FromEnvironment


Database = Annotated[DynamoDB | SQLite | PostgreSQL, Field(discriminator="kind")]


class Keep(Spec):
    """How long backups stay: the newest `last` of them, and all of the last so many `days`; either is enough."""

    last: Annotated[int, Field(ge=1)] | None = None
    days: Annotated[int, Field(ge=1)] | None = None


class Description(Spec):
    """A backup. repository: a folder for a bare Git repository, made where there is none. seal_key: opens what is
    sealed; `drill backup key` makes one. scripts, extensions and the like are `folders`."""

    name: Name
    repository: Text
    keep: Keep | None = None
    seal_key: FromEnvironment | None = None
    shop: Shop | None = None
    theme: Theme | None = None
    configuration: Configuration | None = None
    code: Code | None = None
    databases: dict[Name, Database] = Field(default_factory=dict)
    folders: dict[Name, Folder] = Field(default_factory=dict)


def load_description(path: Path) -> Description:
    """The description of a file. Raises InputError with all its mistakes, by file and line."""
    return load_file(Description, path, mistakes)


def mistakes(told: Description) -> Iterator[Mistake]:
    """What no single field shows."""
    if not (told.theme or told.configuration or told.code or told.databases or told.folders):
        yield Mistake((), "nothing is backed up: name theme, configuration, code, databases or folders")
    if told.theme is not None and told.shop is None:
        yield Mistake(("theme",), "theme: `shop` must say how the shop is reached")
    if told.shop is not None:
        yield from _of_shop(told.shop)
    if told.configuration is not None and told.configuration.secrets == "seal" and told.seal_key is None:
        yield Mistake(("configuration", "secrets"), "configuration.secrets: `seal` needs `seal_key`")
    if told.keep is not None and told.keep.last is None and told.keep.days is None:
        yield Mistake(("keep",), "keep: say `last`, `days` or both")


def _of_shop(shop: Shop) -> Iterator[Mistake]:
    by_client = shop.client_id is not None and shop.client_secret is not None
    if (shop.token is None) != by_client or (shop.client_id is None) != (shop.client_secret is None):
        yield Mistake(("shop",), "shop: say `token`, or `client_id` and `client_secret`")
    if not re.match(r"https?://[^/\s]+", shop.url) and not set(placeholders.variables(shop.url)):
        yield Mistake(("shop", "url"), "shop.url: it is https://SHOP.myshopify.com")

"""Where an export lies: a folder of this machine, or a bucket. Gives its files as streams of bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from harness import regular_files
from harness.comparison.exports.layout import DATA
from harness.errors import InputError, Problem

S3 = "s3://"
_ABSENT = ("NoSuchKey", "404", "AccessDenied", "403")
"""S3 says the last of what is not there to whoever may not list the bucket (API Reference, "GetObject")."""


class NotThere(InputError):
    """There is no such file, as far as this machine may see."""


class Storage(Protocol):
    """name: what people call it; the manifests lie in it, data files beside them.

    The manifest names data files by where they were written, which is another place once an export has been copied:
    the original there may be whole where the copy is damaged. So a file is looked for in this export's own places, and
    is called by where it was found.
    """

    @property
    def name(self) -> str:
        """As it was typed."""

    def open(self, name: str) -> Any:
        """A context with a binary stream of a file in the export's folder. Raises InputError."""

    def open_data(self, key: str) -> Any:
        """The same of a data file, by its key in the manifest."""

    def where(self, key: str) -> str:
        """What `open_data` reads, as people can find it."""


@dataclass(frozen=True)
class Folder:
    """An export that was copied to this machine, or written here."""

    name: str

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See Storage."""
        with self._opened(Path(self.name) / name) as file:
            yield file

    @contextmanager
    def open_data(self, key: str) -> Iterator[IO[bytes]]:
        """See Storage."""
        with self._opened(self.path_of(key)) as file:
            yield file

    def where(self, key: str) -> str:
        """See Storage."""
        return str(self.path_of(key))

    def path_of(self, key: str) -> Path:
        """By the last part of its key: in this folder's data, or in that of all incremental exports beside it."""
        last = key.rpartition("/")[2]
        places = (Path(self.name) / DATA / last, Path(self.name).parent / DATA / last)
        return next((place for place in places if place.exists()), places[0])

    def _opened(self, path: Path) -> IO[bytes]:
        try:
            return regular_files.open_bytes(path)
        except FileNotFoundError:
            raise NotThere(Problem(str(path), None, "it is not there; the export is not whole")) from None
        except OSError as error:
            raise InputError(Problem(str(path), None, f"it cannot be read: {error.strerror}")) from error


@dataclass(frozen=True)
class Bucket:
    """An export in S3. endpoint: of a server that is not AWS; region: of the bucket, None: as set."""

    bucket: str
    prefix: str
    endpoint: str | None = None
    region: str | None = None

    @property
    def name(self) -> str:
        """As it is typed."""
        return f"{S3}{self.bucket}/{self.prefix}"

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """See Storage."""
        with self._opened(f"{self.prefix}/{name}") as file:
            yield file

    @contextmanager
    def open_data(self, key: str) -> Iterator[IO[bytes]]:
        """See Storage."""
        with self._opened(self._key_of(key)) as file:
            yield file

    def where(self, key: str) -> str:
        """See Storage."""
        return f"{S3}{self.bucket}/{self._key_of(key)}"

    def _key_of(self, key: str) -> str:
        """As `Folder.path_of`; a question to S3 only where an export has been copied."""
        last = key.rpartition("/")[2]
        above = self.prefix.rpartition("/")[0]
        places = (f"{self.prefix}/{DATA}/{last}", f"{above}/{DATA}/{last}" if above else f"{DATA}/{last}")
        if key in places:
            return key
        return next((place for place in places if self._is_there(place)), places[0])

    def _is_there(self, key: str) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        with closing(self.client()) as client:
            try:
                client.head_object(Bucket=self.bucket, Key=key)
            except (BotoCoreError, ClientError):
                return False
        return True

    @contextmanager
    def _opened(self, key: str) -> Iterator[IO[bytes]]:
        from botocore.exceptions import BotoCoreError, ClientError

        where = f"{S3}{self.bucket}/{key}"
        client = self.client()
        try:
            body = client.get_object(Bucket=self.bucket, Key=key)["Body"]
        except (BotoCoreError, ClientError) as error:
            client.close()
            code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
            raise (NotThere if code in _ABSENT else InputError)(
                Problem(where, None, f"it cannot be read: {error}")
            ) from error
        try:
            yield cast("IO[bytes]", body)
        finally:
            body.close()
            client.close()

    def client(self) -> Any:
        """A client of S3 that whoever asked closes."""
        import boto3

        return boto3.client("s3", endpoint_url=self.endpoint, region_name=self.region)


def storage_of(text: str, environment: Mapping[str, str] = os.environ) -> Storage:
    """Where the export lies that is typed so: `s3://bucket/prefix/AWSDynamoDB/ID`, or a folder; or a manifest in it."""
    stem = text.rpartition("/")[0] if text.endswith(".json") else text.rstrip("/")
    if not stem.startswith(S3):
        return Folder(stem)
    bucket, _, prefix = stem.removeprefix(S3).partition("/")
    return Bucket(bucket, prefix, environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL"))

"""Calls of the process: to a region's own server, past what is answered elsewhere, and to another region's node."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from harness.errors import WorldError
from harness.kit.address import Address, join_address
from harness.names import HEADER_WRITER
from harness.parts.data.global_tables.names import OURS

TYPE = "application/x-amz-json-1.0"
PEER_TIMEOUT_S = 1.0
"""Of one message to another region. Never scaled: a faster rehearsal does not make the network faster."""
_SERVER_TIMEOUT_S = 10.0
_CONNECTIONS = 128


class NoReply(WorldError):
    """Another region did not answer."""


@dataclass(frozen=True)
class Reply:
    """What a region's server answered."""

    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The service's error code, "" where there is none."""
        return "" if self.status == 200 else str(self.body.get("__type", "")).rpartition("#")[2]

    @property
    def message(self) -> str:
        """What it says of an error."""
        return str(self.body.get("message") or self.body.get("Message") or self.code)


def scope_of(region: str, service: str = "dynamodb") -> str:
    """An Authorization header that names region and service; nobody here verifies a signature."""
    scope = f"drill/20260101/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature={'0' * 64}"


class Server:
    """One region's server, reached past every link."""

    def __init__(self, session: aiohttp.ClientSession, region: str, address: Address) -> None:
        self.region = region
        self._session = session
        self._url = f"http://{join_address(address)}/"

    async def call(self, operation: str, body: Mapping[str, Any], writer: str = OURS) -> Reply:
        """A call of DynamoDB's JSON protocol. writer: how the change log is to call who wrote. Raises WorldError."""
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}", "X-Amz-Date": "20260101T000000Z", "Content-Type": TYPE,
            "Authorization": scope_of(self.region), HEADER_WRITER: writer,
        }  # fmt: skip
        status, data = await self.passed_on(headers, json.dumps(body).encode())
        try:
            told = json.loads(data) if data else {}
        except ValueError:
            told = {"message": data[:200].decode(errors="replace")}
        return Reply(status, told if isinstance(told, dict) else {})

    async def passed_on(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Any request, as it is. Raises WorldError."""
        limit = aiohttp.ClientTimeout(total=_SERVER_TIMEOUT_S)
        try:
            async with self._session.post(self._url, data=body, headers=headers, timeout=limit) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise WorldError(f"{self.region}: {type(error).__name__}: {error}") from error


class Peers:
    """The other regions' nodes, each over the link that leads there. addresses: by path."""

    def __init__(self, session: aiohttp.ClientSession, addresses: Mapping[str, Address]) -> None:
        self._session = session
        self._urls = {path: f"http://{join_address(address)}" for path, address in addresses.items()}

    async def tell(self, path: str, what: str, body: Mapping[str, Any], timeout_s: float = PEER_TIMEOUT_S) -> Any:
        """Send a message; its answer as JSON. Raises NoReply."""
        limit = aiohttp.ClientTimeout(total=timeout_s)
        url = self._urls[path] + what
        try:
            async with self._session.post(url, json=body, timeout=limit) as answer:
                if answer.status != 200:
                    raise NoReply(f"{path}: {answer.status}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NoReply(f"{path}: {type(error).__name__}") from error


def new_session() -> aiohttp.ClientSession:
    """One for all calls of the process. To be closed."""
    connector = aiohttp.TCPConnector(limit=0, limit_per_host=_CONNECTIONS, keepalive_timeout=5)
    return aiohttp.ClientSession(connector=connector, trust_env=False)


async def pause(pause_ns: int) -> None:
    """Wait so long."""
    await asyncio.sleep(pause_ns / 1e9)

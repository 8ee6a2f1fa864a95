"""EdgeGrid: whether a request was signed by somebody who has the client's secret, a moment ago, and only once.

    Authorization: EG1-HMAC-SHA256 client_token=...;access_token=...;timestamp=...;nonce=...;signature=...

    key       = base64(HMAC-SHA256(timestamp, client secret))
    data      = method TAB scheme TAB host TAB path and query TAB signed headers TAB content hash TAB the header before
                `signature=`
    signature = base64(HMAC-SHA256(data, key))

The content hash is base64(SHA-256) of the first 131,072 bytes of a POST's body, and empty for every other method. GTM
asks for no signed headers. A timestamp may be 30 seconds off. Sources: Akamai, "Authenticate with EdgeGrid"; its client
edgegrid-python; answers to wrong signatures as Akamai's clients have recorded them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.parts.steering.akamai.values import Refusal, Request
from harness.units import NS_PER_S

SCHEME = "EG1-HMAC-SHA256"
SKEW_S = 30
"""How far a timestamp may be off, in both directions."""
BODY_BYTES_MAX = 131_072
"""Of a body, what the content hash is made of."""
_HEADER = re.compile(rf"(?P<unsigned>{SCHEME} (?P<fields>(?:[a-z_]+=[^;]*;){{4}}))signature=(?P<signature>[^;]*)")
_FIELDS = {"client_token", "access_token", "timestamp", "nonce"}
_TIMESTAMP = "%Y%m%dT%H:%M:%S+0000"


@dataclass(frozen=True)
class Credential:
    """Whoever calls the API. by: under which name people hear of the calls; "": they need not."""

    client_token: str
    client_secret: str
    access_token: str
    by: str = ""


@dataclass(frozen=True)
class Signed:
    """A request whose signature is right. nonce: with the client's token, so that no other client's is taken for it."""

    credential: Credential
    nonce: str


def verified(
    request: Request, credentials: Mapping[str, Credential], nonces: Mapping[str, int], wall_ns: int
) -> Signed:
    """Who signed a request. nonces: those that were used, see `remembered`. Raises Refusal."""
    given = request.headers.get("authorization", "")
    found = _HEADER.fullmatch(given.strip())
    said = dict(field.split("=", 1) for field in found["fields"].split(";")[:-1]) if found is not None else {}
    if found is None or said.keys() != _FIELDS:
        raise _bad_request("Missing authorization header" if not given else "Invalid authorization header")
    credential = credentials.get(said["client_token"])
    if credential is None:
        raise _bad_request("Invalid client token")
    if not hmac.compare_digest(_bytes(said["access_token"]), _bytes(credential.access_token)):
        raise _denied("Invalid access token")
    if not _is_now(said["timestamp"], wall_ns):
        raise _bad_request("Invalid timestamp")
    expected = signature(request, found["unsigned"], said["timestamp"], credential.client_secret)
    if not hmac.compare_digest(_bytes(expected), _bytes(found["signature"])):
        raise _denied("The signature does not match")
    nonce = f"{credential.client_token}/{said['nonce']}"
    if not said["nonce"] or nonce in nonces:
        raise _bad_request("Duplicate nonce" if said["nonce"] else "Invalid nonce")
    return Signed(credential, nonce)


def remembered(nonces: Mapping[str, int], nonce: str, wall_ns: int) -> Mapping[str, int]:
    """The nonces that were used, by when: those of requests whose timestamp would be refused anyhow are forgotten."""
    oldest_ns = wall_ns - 2 * SKEW_S * NS_PER_S
    return {**{one: at_ns for one, at_ns in nonces.items() if at_ns >= oldest_ns}, nonce: wall_ns}


def authorization(request: Request, credential: Credential, nonce: str, wall_ns: int) -> str:
    """The header by which a client signs a request."""
    timestamp = f"{datetime.fromtimestamp(wall_ns // NS_PER_S, UTC):{_TIMESTAMP}}"
    unsigned = (
        f"{SCHEME} client_token={credential.client_token};access_token={credential.access_token};"
        f"timestamp={timestamp};nonce={nonce};"
    )
    return f"{unsigned}signature={signature(request, unsigned, timestamp, credential.client_secret)}"


def signature(request: Request, unsigned: str, timestamp: str, secret: str) -> str:
    """The signature that a request should have. unsigned: its Authorization header before `signature=`."""
    content = request.body[:BODY_BYTES_MAX] if request.method == "POST" else b""
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode() if content else ""
    host = request.headers.get("host", "")
    data = "\t".join((request.method, request.scheme, host, request.target, "", digest, unsigned))
    return _keyed(data, _keyed(timestamp, secret))


def _keyed(data: str, key: str) -> str:
    return base64.b64encode(hmac.new(_bytes(key), _bytes(data), hashlib.sha256).digest()).decode()


def _bytes(text: str) -> bytes:
    """What a header said, bytes that are no UTF-8 among it."""
    return text.encode("utf-8", "surrogateescape")


def _is_now(timestamp: str, wall_ns: int) -> bool:
    try:
        told = datetime.strptime(timestamp, _TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(told.timestamp() - wall_ns / NS_PER_S) <= SKEW_S


def _bad_request(detail: str) -> Refusal:
    return Refusal(400, "-/pep-authn/request-error", "Bad request", detail)


def _denied(detail: str) -> Refusal:
    return Refusal(401, "-/pep-authn/deny", "Not authorized", detail)

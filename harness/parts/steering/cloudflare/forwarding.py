"""Heads of requests and answers as Cloudflare's edge passes them on.

Its connections to an origin are its own: what one side says of its connection does not reach the other (RFC 9110
section 7.6.1), so a client that closes ends none of them, and an origin that closes ends no client's. An upgrade to
another protocol is not passed on either: the origin answers by HTTP. Who the client is says the edge, whatever the
client says.
Source: Cloudflare, "HTTP request headers" (CF-Connecting-IP, X-Forwarded-For, CDN-Loop).
"""

from __future__ import annotations

from harness.names import HEADER_EDGE
from harness.wire.framing import Head, RequestHead, ResponseHead

_OF_ONE_CONNECTION = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"})
_NEVER_DROPPED = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", b"trailer"})
"""Whatever a Connection header names: without these an end could not be found, or an origin."""
_FORWARDED, _LOOP, _CLIENT = b"x-forwarded-for", b"cdn-loop", b"cf-connecting-ip"
_EDGE = HEADER_EDGE.lower().encode()


def request_head(request: RequestHead, peer: bytes) -> bytes:
    """The head that an origin gets. peer: the client's address."""
    told = {_FORWARDED: [peer], _LOOP: [b"cloudflare"]}
    for name in told:
        told[name] = [*(value for key, value in request.fields if key == name and value), *told[name]]
    ours = b"CF-Connecting-IP: %s\r\nX-Forwarded-For: %s\r\nCDN-Loop: %s\r\n" % (
        peer, b", ".join(told[_FORWARDED]), b", ".join(told[_LOOP]),
    )  # fmt: skip
    line, fields = _kept(request, frozenset({_FORWARDED, _LOOP, _CLIENT}))
    return line + b"\r\n" + fields + ours + b"\r\n"


def response_head(response: ResponseHead, edge: str, *, keep: bool) -> bytes:
    """The head that a client gets. edge: the origin's address; keep: the client's connection lives on."""
    line, fields = _kept(response, frozenset({_EDGE}))
    ours = f"{HEADER_EDGE}: {edge}\r\nConnection: {'keep-alive' if keep else 'close'}\r\n\r\n".encode()
    return b"HTTP/1.1" + line[len(b"HTTP/1.1") :] + b"\r\n" + fields + ours


def _kept(head: Head, replaced: frozenset[bytes]) -> tuple[bytes, bytes]:
    """The first line, and the fields that are passed on as they are, with their line ends."""
    line, _, fields = head.raw[:-2].partition(b"\r\n")
    options = {
        option.strip().lower() for key, value in head.fields if key == b"connection" for option in value.split(b",")
    }
    dropped = (_OF_ONE_CONNECTION | options | replaced) - _NEVER_DROPPED
    kept = (one for one in fields.split(b"\r\n") if one and one.partition(b":")[0].lower() not in dropped)
    return line, b"".join(one + b"\r\n" for one in kept)

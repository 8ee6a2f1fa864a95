"""Problems as the API tells them: RFC 7807, with what Akamai adds."""

from __future__ import annotations

from typing import Any

from harness.parts.steering.akamai.values import PROBLEMS, Refusal, Reply, Request, written

CONTENT_TYPE = "application/problem+json"
_AUTHENTICATION = "-/pep-authn/"
_ERROR = "config-gtm/v1/{}ValidationError"


def problem(refusal: Refusal, request: Request, number: int, wall_ns: int) -> Reply:
    """The answer to a request that is refused. number: of the call, which its id follows from."""
    instance = f"{request.scheme}://{request.headers.get('host', '')}{request.target}"
    body: dict[str, Any] = {
        "type": f"{PROBLEMS}/{refusal.kind}", "title": refusal.title, "status": refusal.status,
        "detail": refusal.detail, "instance": instance,
    }  # fmt: skip
    if refusal.kind.startswith(_AUTHENTICATION):
        body |= {
            "method": request.method, "serverIp": "127.0.0.1", "clientIp": request.client,
            "requestId": f"{number:x}", "requestTime": written(wall_ns)[:19] + "Z",
        }  # fmt: skip
    if refusal.errors:
        what = refusal.title.partition(" ")[0]
        kind, title = _ERROR.format(what.lower()), f"{what} Validation Error"
        body["errors"] = [
            {"type": f"{PROBLEMS}/{kind}", "title": title, "detail": text, "errors": None} for text in refusal.errors
        ]
    return Reply(refusal.status, body, CONTENT_TYPE, refusal.headers)

"""Webhooks: one POST of JSON, tried again where that may help. The address is a secret: no message holds it."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import WorldError
from harness.reporting.wording import one_line
from harness.scheduling.secret import check_url, shown
from harness.storable_text import json_text
from harness.wire.masking import Mask

TIMEOUT_S = 10.0
PAUSES_S = (1.0, 3.0)
"""Before the second try and the third."""
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_ANSWER_BYTES = 2000


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What was meant for one address goes to no other."""

    def redirect_request(self, *_: Any) -> None:
        """None: the answer itself is the result."""


def post(url: str, body: Mapping[str, Any], pauses_s: Sequence[float] = PAUSES_S) -> None:
    """Tell an address. Raises InputError for what is none, WorldError when it does not take it."""
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked
        check_url(url, "the webhook"),
        data=json_text(dict(body)).encode("utf-8"),
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "drill-harness"},
        method="POST",
    )
    opener = urllib.request.build_opener(_NoRedirects)
    for pause_s in (*pauses_s, None):
        why, again = _try(opener, request)
        if not why:
            return
        if not again or pause_s is None:
            raise WorldError(f"{shown(url)}: {Mask([url]).text(one_line(why))}")
        time.sleep(pause_s)


def _try(opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> tuple[str, bool]:
    """Why it was not taken, empty when it was; and whether it may be taken another time."""
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            answer.read(_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(_ANSWER_BYTES).decode("utf-8", "replace")
        return f"answered {error.code} {said}", error.code in _TRY_AGAIN
    except urllib.error.URLError as error:
        return f"cannot be reached: {error.reason}", True
    except (OSError, http.client.HTTPException) as error:
        return f"did not answer as a server does: {error or type(error).__name__}", True
    return "", False

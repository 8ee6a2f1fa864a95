"""How an application is spoken to: request templates, as a subject file says them and as the witness sends them."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from harness.kit.config import Strict
from harness.wire.url_path import UrlPath


class _Spec(Strict):
    model_config = ConfigDict(coerce_numbers_to_str=True)


class Request(_Spec):
    """How one kind of operation is spoken: `{id}` and `{value}` are replaced in path and body.

    value: where a read's answer holds the value: a field's name, or a JSON pointer that starts with "/".
    """

    method: Annotated[str, Field(pattern=r"^[A-Z]+$")]
    path: UrlPath
    body: str | None = None
    value: str = "value"
    content_type: Annotated[str, Field(pattern=r"^[^\r\n]*$")] = "application/json"


class Workload(_Spec):
    """How the application is spoken to. The default is the storefront's interface: `/items/{id}`.

    table: the one of the subject's tables that holds what clients write; the first one where it is left out.
    """

    put: Request = Request(method="PUT", path="/items/{id}", body='{"value": "{value}"}')
    get: Request = Request(method="GET", path="/items/{id}")
    delete: Request = Request(method="DELETE", path="/items/{id}")
    table: str | None = None

"""What is said of a live side that cannot be one: wrongly typed, no DynamoDB, or with a key of another type."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator

import pytest

from harness.cli.diff import shaped
from harness.comparison.live import Pace, live_table, misnamed
from harness.comparison.selection import Selection
from harness.errors import InputError


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("us-east-1:", "no table follows the region"),
        ("us-east-1:@http://127.0.0.1:1", "no table follows the region"),
        ("us-east-1:foo@notaurl", "after the @ comes an endpoint, http://HOST:PORT, and not 'notaurl'"),
        ("us-east-1:a@", "after the @ comes an endpoint"),
        ("us-east-1:a b", "'a b' is no table's name"),
        ("us-east-1:foo@http://", "after the @ comes an endpoint"),
        ("arn:aws:s3:::bucket", "an ARN of a table is"),
    ],
)
def test_a_live_side_that_is_typed_wrongly_is_not_taken_for_an_export(text: str, told: str) -> None:
    with pytest.raises(InputError, match="names no live table") as error:
        live_table(text, Pace())
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["exports/AWSDynamoDB/01-a", "s3://bucket/a/AWSDynamoDB/01-a", "./a+./b"])
def test_an_export_is_no_live_side(text: str) -> None:
    assert misnamed(text) is None
    assert live_table(text, Pace()) is None


class Page(http.server.BaseHTTPRequestHandler):
    body = b"<html>hello</html>"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(params=[b"<html>hello</html>", b"[]", b"{}"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    handler = type("Told", (Page,), {"body": request.param})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_what_answers_and_is_no_dynamodb_is_called_so(endpoint: str) -> None:
    with pytest.raises(InputError, match="what is there is no DynamoDB"):
        live_table(f"us-east-1:orders@{endpoint}", Pace())


class Known:
    """A live table as far as its key is asked for."""

    names = ("id",)

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.key_types = name, {"id": kind}


def test_live_tables_with_keys_of_different_types_are_refused() -> None:
    sides = [Known("us-east-1:a", "S"), Known("us-east-1:b", "N")]
    with pytest.raises(InputError, match="is of type S in us-east-1:a and of type N in us-east-1:b"):
        shaped(sides, None, frozenset(), null_is_missing=False, selection=Selection())  # type: ignore[arg-type]

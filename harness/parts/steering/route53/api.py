"""One request to the Route 53 API as it passes through our middleware, and Route 53's XML."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlencode
from xml.etree import ElementTree

from harness.engines.dns.names import escaped

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

API = "/2013-04-01"
NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
NS = {"r": NAMESPACE}


class Refused(Exception):
    """The request ends here, with an error in Route 53's form."""

    def __init__(self, status: str, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


class ApiRequest:
    """One request as it came in, and moto, of which more can be asked in the same caller's name."""

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        self._app = app
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "")

    def query(self, key: str) -> str:
        """A query parameter that must be there."""
        value = self.optional(key)
        if value is None:
            raise Refused("400 Bad Request", "InvalidInput", f"The parameter {key} is missing")
        return value

    def body(self) -> bytes:
        """The request's body; it stays readable for moto."""
        length = int(self.environ.get("CONTENT_LENGTH") or 0)
        if not length:
            return b""
        content: bytes = self.environ["wsgi.input"].read(length)
        self.environ["wsgi.input"] = io.BytesIO(content)
        return content

    def xml(self) -> ElementTree.Element | None:
        """The request's body; None when it is no XML, which moto then says itself."""
        try:
            return ElementTree.fromstring(self.body())  # noqa: S314 - loopback only, and expat bounds entity expansion
        except ElementTree.ParseError:
            return None

    def replace_body(self, content: bytes) -> None:
        """What moto gets to read instead."""
        self.environ["wsgi.input"] = io.BytesIO(content)
        self.environ["CONTENT_LENGTH"] = str(len(content))

    def optional(self, key: str) -> str | None:
        """A query parameter that may be there."""
        values = parse_qs(self.environ.get("QUERY_STRING", "")).get(key)
        return str(values[0]) if values else None

    def rename(self, *keys: str) -> None:
        """Put the names in these query parameters into the spelling that names are stored in."""
        found = parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        changed = {key: [escaped(v) for v in values] if key in keys else values for key, values in found.items()}
        if changed != found:
            self.environ["QUERY_STRING"] = urlencode(changed, doseq=True)
            for name in ("RAW_URI", "REQUEST_URI"):
                self.environ.pop(name, None)

    def get(self, path: str, **query: str) -> tuple[int, ElementTree.Element | None]:
        """moto's answer to a GET: status and XML."""
        statuses: list[str] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            statuses.append(status)
            return lambda _: None

        inner = self.environ | {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": f"{API}/{path}",
            "QUERY_STRING": urlencode(query),
            "CONTENT_LENGTH": "0",
            "wsgi.input": io.BytesIO(),
        }
        for name in ("RAW_URI", "REQUEST_URI"):
            inner.pop(name, None)
        content = self._app(inner, start_response)
        try:
            text = b"".join(content)
        finally:
            close = getattr(content, "close", None)
            if close is not None:
                close()
        status = int(statuses[-1].split()[0])
        return status, ElementTree.fromstring(text) if status == 200 else None  # noqa: S314 - moto's own XML

    def require_health_check(self, check_id: str) -> str:
        """The type of a health check. Raises Refused (NoSuchHealthCheck) unless moto has it."""
        status, found = self.get(f"healthcheck/{check_id}")
        if status != 200 or found is None:
            raise Refused("404 Not Found", "NoSuchHealthCheck", f"A health check with id {check_id} does not exist.")
        return found.findtext(".//r:HealthCheckConfig/r:Type", "", NS)

    def require_zone(self, zone_id: str) -> None:
        """Raise Refused (NoSuchHostedZone) unless moto has this hosted zone."""
        if self.get(f"hostedzone/{zone_id}")[0] != 200:
            raise Refused("404 Not Found", "NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")


def add(parent: ElementTree.Element, **texts: str) -> None:
    """Append one child element per keyword, in order."""
    for name, text in texts.items():
        ElementTree.SubElement(parent, name).text = text


def error_body(code: str, text: str) -> bytes:
    """An error as Route 53 writes it."""
    root = ElementTree.Element("ErrorResponse", xmlns=NAMESPACE)
    fault = "Receiver" if code == "InternalFailure" else "Sender"
    add(ElementTree.SubElement(root, "Error"), Type=fault, Code=code, Message=text)
    add(root, RequestId=str(uuid.uuid4()))
    return document(root)


def document(root: ElementTree.Element) -> bytes:
    """An XML document, ready to be sent."""
    return cast("bytes", ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def qualified(root: ElementTree.Element) -> bytes:
    """An XML document whose elements all are in Route 53's namespace, as moto and SDKs read it."""
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True, default_namespace=NAMESPACE)
    return cast("bytes", text)


def send(start_response: StartResponse, status: str, body: bytes, location: str | None = None) -> list[bytes]:
    """Answer a WSGI request with XML."""
    headers = [
        *([] if location is None else [("Location", location)]),
        ("Content-Type", "text/xml"),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
    start_response(status, headers)
    return [body]

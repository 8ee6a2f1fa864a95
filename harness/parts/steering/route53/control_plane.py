"""Makes a Route 53 API tell the truth: a WSGI middleware around moto's Route 53.

moto stores zones, records and health checks, but checks nothing and answers no DNS. What only the data plane knows is
asked of the data plane's admin port: GetHealthCheckStatus, GetHealthCheckLastFailureReason, TestDNSAnswer. When it
cannot be asked, the caller gets what AWS gives when a part of it fails inside: 500 InternalFailure. Requests that AWS
refuses and moto lets through are refused here; changes of records are put into words that moto carries out right.
Everything else goes to moto untouched. One request of the API at a time: what was judged is still so when it is
carried out (of two that CREATE a record, one wins), and nobody reads half of a batch.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from harness.kit.address import Address
from harness.parts.steering.route53.account_api import refuse_beyond, told_of_account
from harness.parts.steering.route53.api import API, NAMESPACE, ApiRequest, Refused, add, document, error_body, send
from harness.parts.steering.route53.changes import mend_changes
from harness.parts.steering.route53.checks_api import created_before, refuse_update
from harness.parts.steering.route53.listing import page
from harness.parts.steering.route53.outage import Outage
from harness.parts.steering.route53.pacing import Pacing
from harness.parts.steering.route53.validation import note_deletion
from harness.parts.steering.route53.zones_api import mend_zone
from harness.wire.ask import NoAnswer, ask

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

_TIMEOUT_S = 2.0
_STATUS = re.compile(rf"{API}/healthcheck/([^/]+)/(status|lastfailurereason)/?")
_CHECK = re.compile(rf"{API}/healthcheck/([^/]+)/?")
_RECORDS = re.compile(rf"{API}/hostedzone/([^/]+)/rrset/?")
_CHECKS = re.compile(rf"{API}/healthcheck/?")
_ZONES = re.compile(rf"{API}/hostedzone/?")
_ZONES_BY_NAME = re.compile(rf"{API}/hostedzonesbyname/?")
_CHANGE = re.compile(rf"{API}/change/([^/]+)/?")
_TEST = re.compile(rf"{API}/testdnsanswer/?")

DataPlane = Callable[[], Address | None]


class Truthful:
    """moto's WSGI application, with answers that are true. See `truthful`.

    routes: what the process answers beside the API, by method and path:
        POST /drill/outage  {"mode": "silent"}    the API is lost; null: it is back
        POST /drill/pace    {"insync_s": 6, "calls_per_s": 5}
        GET  /drill/sight                         how blind the health checkers are, for the canary
    """

    def __init__(self, app: WSGIApplication, data_plane: DataPlane, *, refuse_delete_in_use: bool) -> None:
        self._app = app
        self._data_plane = data_plane
        self._refuse_delete_in_use = refuse_delete_in_use
        self._one_at_a_time = threading.Lock()
        self._outage = Outage()
        self._pacing = Pacing()
        self.routes = {
            ("POST", "/drill/outage"): self._outage.set,
            ("POST", "/drill/pace"): self._pacing.set,
            ("GET", "/drill/sight"): self._sight,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = ApiRequest(self._app, environ)
        try:
            if request.path.startswith(API):
                self._outage.strike()
                self._pacing.let_in(environ)
            body = _told(request, self._data_plane)
            if body is not None:
                return send(start_response, "200 OK", body)
            if not request.path.startswith(API):
                return self._app(environ, start_response)
            zone = _RECORDS.fullmatch(request.path) if request.method == "POST" else None
            with self._pacing.alone(environ, zone[1]) if zone else nullcontext(), self._one_at_a_time:
                body = told_of_account(request)
                if body is not None:
                    return send(start_response, "200 OK", body)
                listing = _RECORDS.fullmatch(request.path) if request.method == "GET" else None
                if listing is not None:
                    return send(start_response, "200 OK", page(request, listing[1]))
                again = _mend(request, self._refuse_delete_in_use)
                if again is not None:
                    return send(start_response, "201 Created", *again)
                if request.method == "GET" and not _CHANGE.fullmatch(request.path):
                    return self._app(environ, start_response)
                return self._pacing.answered(self._app, environ, start_response)
        except Refused as refusal:
            return send(start_response, refusal.status, error_body(refusal.code, str(refusal)))

    def _sight(self, _: Any) -> tuple[int, Any]:
        try:
            return 200, _ask(self._data_plane, "/sight")
        except Refused as refusal:
            return 404, {"error": str(refusal)}


def truthful(app: WSGIApplication, data_plane: DataPlane, *, refuse_delete_in_use: bool = False) -> Truthful:
    """moto's WSGI application `app`, with answers that are true.

    data_plane: the data plane's admin address, None while there is none. refuse_delete_in_use: answer
    HealthCheckInUse to the deletion of a health check that records refer to. AWS does not: the API Reference marks
    that error "not in use" and DeleteHealthCheck "does not prevent you"; so by default it is done, and logged.
    """
    return Truthful(app, data_plane, refuse_delete_in_use=refuse_delete_in_use)


def _told(moto: ApiRequest, data_plane: DataPlane) -> bytes | None:
    """What only the data plane knows; None when that is not asked for. Raises Refused."""
    if moto.method == "GET" and (found := _STATUS.fullmatch(moto.path)):
        return _health_check_status(moto, data_plane, found[1], found[2])
    if moto.method == "GET" and _TEST.fullmatch(moto.path):
        return _test_dns_answer(moto, data_plane)
    return None


def _mend(moto: ApiRequest, refuse_delete_in_use: bool) -> tuple[bytes, str] | None:
    """Make of a request what moto carries out as AWS does. Raises Refused.

    Returns body and location of what the request made before, None when moto shall answer.
    """
    match moto.method:
        case "POST" if found := _RECORDS.fullmatch(moto.path):
            mend_changes(moto, found[1])
        case "POST" if _ZONES.fullmatch(moto.path):
            mend_zone(moto)
            refuse_beyond(moto, zones=True)
        case "POST" if _CHECKS.fullmatch(moto.path):
            if (before := created_before(moto)) is not None:
                return before
            refuse_beyond(moto, zones=False)
        case "POST" if found := _CHECK.fullmatch(moto.path):
            refuse_update(moto, found[1])
        case "DELETE" if found := _CHECK.fullmatch(moto.path):
            note_deletion(moto, found[1], refuse_delete_in_use)
        case "GET" if _ZONES_BY_NAME.fullmatch(moto.path):
            moto.rename("dnsname")
    return None


def _health_check_status(moto: ApiRequest, data_plane: DataPlane, check_id: str, what: str) -> bytes:
    if moto.require_health_check(check_id) == "CALCULATED":
        raise _invalid("The status of a calculated health check is told by CloudWatch alone.")
    told = _ask(data_plane, "/health-check-status", id=check_id)
    name, key = {
        "status": ("GetHealthCheckStatusResponse", "observations"),
        "lastfailurereason": ("GetHealthCheckLastFailureReasonResponse", "failures"),
    }[what]
    root = ElementTree.Element(name, xmlns=NAMESPACE)
    observations = ElementTree.SubElement(root, "HealthCheckObservations")
    # A check that the data plane has not read yet has no observations, as on AWS.
    for seen in told[key] if told else ():
        item = ElementTree.SubElement(observations, "HealthCheckObservation")
        add(item, Region=seen["region"], IPAddress=seen["ip"])
        add(ElementTree.SubElement(item, "StatusReport"), Status=seen["status"], CheckedTime=seen["checked_at"])
    return document(root)


def _test_dns_answer(moto: ApiRequest, data_plane: DataPlane) -> bytes:
    zone_id, name, record_type = (moto.query(key) for key in ("hostedzoneid", "recordname", "recordtype"))
    moto.require_zone(zone_id)
    asked = {"hosted_zone_id": zone_id, "name": name, "type": record_type, "client": _client(moto)}
    told = _ask(data_plane, "/test-dns-answer", **asked)
    # A zone that has not reached the data plane yet is one that its servers refuse.
    told = told or {"nameserver": "", "record_data": [], "rcode": "REFUSED", "protocol": "UDP"}
    root = ElementTree.Element("TestDNSAnswerResponse", xmlns=NAMESPACE)
    add(root, Nameserver=told["nameserver"], RecordName=name, RecordType=record_type)
    data = ElementTree.SubElement(root, "RecordData")
    for value in told["record_data"]:
        add(data, RecordDataEntry=value)
    add(root, ResponseCode=told["rcode"], Protocol=told["protocol"])
    return document(root)


def _client(moto: ApiRequest) -> str:
    """Whom the answer is for: the client's network if it is given, else its resolver; "" for nobody in particular.

    API Reference, TestDNSAnswer: EDNS0ClientSubnetIP needs ResolverIP, and has a mask of 0 to 32 or 0 to 128 bits.
    """
    resolver, subnet, mask = (moto.optional(k) for k in ("resolverip", "edns0clientsubnetip", "edns0clientsubnetmask"))
    if subnet is not None and resolver is None:
        raise _invalid("EDNS0ClientSubnetIP needs a ResolverIP.")
    if mask is not None and subnet is None:
        raise _invalid("EDNS0ClientSubnetMask needs an EDNS0ClientSubnetIP.")
    try:
        addresses = [ipaddress.ip_address(text) for text in (resolver, subnet) if text is not None]
        if mask is not None:
            network = ipaddress.ip_network(f"{addresses[-1]}/{mask}", strict=False)
            return str(network.network_address)
    except ValueError as error:
        raise _invalid(f"{error}") from error
    return str(addresses[-1]) if addresses else ""


def _invalid(text: str) -> Refused:
    return Refused("400 Bad Request", "InvalidInput", text)


def _ask(data_plane: DataPlane, path: str, **query: str) -> Any:
    """What the data plane says; None when it does not know the thing that is asked about."""
    address = data_plane()
    if address is None:
        raise _internal("there is no data plane")
    try:
        answer = ask(address, "GET", f"{path}?{urlencode(query)}", timeout_s=_TIMEOUT_S)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _internal(f"the data plane answered {answer.status}")
        return json.loads(answer.body)
    except (NoAnswer, ValueError) as error:
        raise _internal(f"the data plane cannot be asked: {error!r}") from error


def _internal(why: str) -> Refused:
    log.warning("%s", why)
    return Refused(
        "500 Internal Server Error", "InternalFailure", "We encountered an internal error. Please try again."
    )

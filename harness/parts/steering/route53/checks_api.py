"""CreateHealthCheck and UpdateHealthCheck: what AWS refuses of them and moto lets through.

A reference that was used before gives the check that it made, or a refusal when the settings are others; an update
names the version that it is meant for, if it wants to. The reference of a check that was deleted is refused by
harness/engines/moto/health_checks.py, which knows of it.

Sources: API Reference, CreateHealthCheck, UpdateHealthCheck, HealthCheckConfig.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from harness.engines.dns.zone import HealthCheck, parse_health_check
from harness.parts.steering.route53 import constraints
from harness.parts.steering.route53.api import API, NAMESPACE, NS, ApiRequest, Refused, document
from harness.parts.steering.route53.check_rules import RESETTABLE, Settings, belongs, ranges, refusal

_TEXTS = (
    "Type", "IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString", "RequestInterval",
    "FailureThreshold", "MeasureLatency", "HealthThreshold", "Inverted", "Disabled", "EnableSNI",
    "InsufficientDataHealthStatus", "RoutingControlArn",
)  # fmt: skip
_LISTS = {"ChildHealthChecks": "ChildHealthCheck", "Regions": "Region"}
_ALARM, _ALARM_FIELDS = "AlarmIdentifier", ("Region", "Name")
_BOOLEANS = ("MeasureLatency", "Inverted", "Disabled", "EnableSNI")
_REFERENCE_MAX = 64


def created_before(moto: ApiRequest) -> tuple[bytes, str] | None:
    """The answer (body, location) about the check that this very request made before. Raises Refused.

    None: moto shall make it.
    """
    root = moto.xml()
    config = None if root is None else root.find("r:HealthCheckConfig", NS)
    if root is None or config is None:
        return None
    reference, settings = root.findtext("r:CallerReference", "", NS), _settings(config)
    _refuse(_too_long(reference) or refusal(settings))
    _refuse_children(moto, settings)
    _, page = moto.get("healthcheck")
    for check in () if page is None else page.iterfind(".//r:HealthCheck", NS):
        if check.findtext("r:CallerReference", None, NS) == reference:
            there = check.find("r:HealthCheckConfig", NS)
            if there is None or _as_value(_settings(there)) != _as_value(settings):
                text = "A different health check has already been created with the specified caller reference."
                raise Refused("409 Conflict", "HealthCheckAlreadyExists", text)
            return _created(check)
    return None


def _too_long(reference: str) -> str | None:
    broken = list(constraints.length("callerReference", reference, 1, _REFERENCE_MAX))
    return constraints.together(broken) if broken else None


def _refuse_children(moto: ApiRequest, settings: Settings) -> None:
    """The children of a calculated check are there, and not calculated themselves (Developer Guide, "Monitoring other
    health checks")."""
    for child in settings.get("ChildHealthChecks", ()):
        status, found = moto.get(f"healthcheck/{child}")
        if status != 200 or found is None:
            _refuse(f"Invalid parameter : The child health check {child} does not exist.")
        elif found.findtext(".//r:HealthCheckConfig/r:Type", "", NS) == "CALCULATED":
            _refuse(f"Invalid parameter : The child health check {child} is a calculated health check.")


def _created(check: Element) -> tuple[bytes, str]:
    root = Element("CreateHealthCheckResponse", xmlns=NAMESPACE)
    root.append(_plain(check))
    return document(root), f"https://route53.amazonaws.com{API}/healthcheck/{check.findtext('r:Id', '', NS)}"


def _plain(element: Element) -> Element:
    """The same element without a namespace of its own: it gets that of the document."""
    copied = Element(element.tag.rpartition("}")[2])
    copied.text = element.text
    copied.extend(_plain(child) for child in element)
    return copied


def refuse_update(moto: ApiRequest, check_id: str) -> None:
    """Raise Refused for an update of another version than there is, or to settings that AWS refuses."""
    root = moto.xml()
    status, found = moto.get(f"healthcheck/{check_id}")
    config = None if found is None else found.find(".//r:HealthCheckConfig", NS)
    if root is None or status != 200 or found is None or config is None:
        return
    wanted, version = (
        root.findtext("r:HealthCheckVersion", None, NS),
        found.findtext(".//r:HealthCheckVersion", None, NS),
    )
    if wanted is not None and wanted != version:
        text = f"The health check {check_id} has version {version}, not {wanted}."
        raise Refused("409 Conflict", "HealthCheckVersionMismatch", text)
    reset = {element.text or "" for element in root.iterfind("r:ResetElements/r:ResettableElementName", NS)}
    if unknown := sorted(reset - set(RESETTABLE)):
        _refuse(
            constraints.together([t for name in unknown for t in constraints.one_of("resetElements", name, RESETTABLE)])
        )
    spoken, check_type = _settings(root), config.findtext("r:Type", "", NS)
    there = {field: value for field, value in _settings(config).items() if belongs(field, check_type)}
    _refuse(ranges(spoken))
    if "IPAddress" in spoken and "IPAddress" not in there:
        _refuse("Invalid parameter : An IP address cannot be added to an existing health check.")
    kept = {field: value for field, value in {**there, **spoken}.items() if field not in reset}
    _refuse(refusal(kept))
    _refuse_children(moto, spoken)


def _refuse(problem: str | None) -> None:
    if problem is not None:
        raise Refused("400 Bad Request", "InvalidInput", problem)


def _settings(element: Element) -> Settings:
    found: dict[str, str | tuple[str, ...]] = {}
    for field in _TEXTS:
        text = element.findtext(f"r:{field}", None, NS)
        if text is not None:
            found[field] = text
    for field, one in _LISTS.items():
        if element.find(f"r:{field}", NS) is not None:
            found[field] = tuple(item.text or "" for item in element.iterfind(f"r:{field}/r:{one}", NS))
    if element.find(f"r:{_ALARM}", NS) is not None:
        found[_ALARM] = tuple(element.findtext(f"r:{_ALARM}/r:{field}", "", NS) for field in _ALARM_FIELDS)
    return found


def _as_value(settings: Settings) -> tuple[HealthCheck, dict[str, str | tuple[str, ...]]]:
    """Settings with what is not given filled in, so that they can be compared."""
    config: dict[str, object] = {
        field: value == "true" if field in _BOOLEANS else value for field, value in settings.items() if field != _ALARM
    }
    if "Port" in config:
        config["Port"] = int(str(config["Port"]))
    watched = {field: settings[field] for field in (_ALARM, "RoutingControlArn") if field in settings}
    watched["MeasureLatency"] = settings.get("MeasureLatency", "false")
    return parse_health_check({"Id": "", "HealthCheckConfig": config}), watched

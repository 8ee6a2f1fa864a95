"""CreateHealthCheck and UpdateHealthCheck: what AWS refuses of them and moto lets through.

A reference that was used before gives the check that it made, or a refusal when the settings are others; an update
names the version that it is meant for, if it wants to. (AWS also refuses the reference of a check that was deleted.)
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from harness.engines.dns.zone import HealthCheck, parse_health_check
from harness.parts.steering.route53.api import API, NAMESPACE, NS, ApiRequest, Refused, document
from harness.parts.steering.route53.check_rules import RESETTABLE, Settings, problems_of

_TEXTS = (
    "Type", "IPAddress", "Port", "ResourcePath", "FullyQualifiedDomainName", "SearchString", "RequestInterval",
    "FailureThreshold", "HealthThreshold", "Inverted", "Disabled", "EnableSNI",
)  # fmt: skip
_LISTS = {"ChildHealthChecks": "ChildHealthCheck", "Regions": "Region"}
_BOOLEANS = ("Inverted", "Disabled", "EnableSNI")


def created_before(moto: ApiRequest) -> tuple[bytes, str] | None:
    """The answer (body, location) about the check that this very request made before. Raises Refused.

    None: moto shall make it.
    """
    root = moto.xml()
    config = None if root is None else root.find("r:HealthCheckConfig", NS)
    if root is None or config is None:
        return None
    settings = _settings(config)
    _refuse(problems_of(settings))
    reference = root.findtext("r:CallerReference", None, NS)
    _, page = moto.get("healthcheck")
    for check in () if page is None else page.iterfind(".//r:HealthCheck", NS):
        if check.findtext("r:CallerReference", None, NS) == reference:
            there = check.find("r:HealthCheckConfig", NS)
            if there is None or _as_value(_settings(there)) != _as_value(settings):
                text = f"A health check with caller reference {reference} was created with other settings."
                raise Refused("409 Conflict", "HealthCheckAlreadyExists", text)
            return _created(check)
    return None


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
        _refuse((f"ResetElements are of [{', '.join(RESETTABLE)}], not {', '.join(unknown)}",))
    kept = {field: value for field, value in _settings(config).items() if field not in reset}
    _refuse(problems_of({**kept, **_settings(root)}))


def _refuse(problems: tuple[str, ...]) -> None:
    if problems:
        raise Refused("400 Bad Request", "InvalidInput", f"Invalid parameter: {'; '.join(problems)}")


def _settings(element: Element) -> Settings:
    found: dict[str, str | tuple[str, ...]] = {}
    for field in _TEXTS:
        text = element.findtext(f"r:{field}", None, NS)
        if text is not None:
            found[field] = text
    for field, one in _LISTS.items():
        if element.find(f"r:{field}", NS) is not None:
            found[field] = tuple(item.text or "" for item in element.iterfind(f"r:{field}/r:{one}", NS))
    return found


def _as_value(settings: Settings) -> HealthCheck:
    """Settings with what is not given filled in, so that they can be compared."""
    config: dict[str, object] = {
        field: value == "true" if field in _BOOLEANS else value for field, value in settings.items()
    }
    if "Port" in config:
        config["Port"] = int(str(config["Port"]))
    return parse_health_check({"Id": "", "HealthCheckConfig": config})

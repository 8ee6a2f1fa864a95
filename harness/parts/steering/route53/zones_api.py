"""CreateHostedZone: names as AWS stores them, and references that are used once.

Sources: API Reference, CreateHostedZone (HostedZoneAlreadyExists); Developer Guide, "DNS domain name format".
"""

from __future__ import annotations

from harness.engines.dns.names import escaped
from harness.parts.steering.route53.api import NS, ApiRequest, Refused, qualified
from harness.parts.steering.route53.record_values import of_name

_ALL = "100000"


def mend_zone(moto: ApiRequest) -> None:
    """Refuse what AWS refuses of a new zone; its name is stored in lower case, however it is typed."""
    root = moto.xml()
    name = None if root is None else root.find("r:Name", NS)
    if root is None or name is None or not name.text:
        return
    problem = next(iter(of_name(name.text, "SOA")), None)
    if problem is not None:
        raise Refused("400 Bad Request", "InvalidDomainName", problem)
    _refuse_reference(moto, root.findtext("r:CallerReference", None, NS))
    stored = escaped(name.text)
    if name.text != stored:
        name.text = stored
        moto.replace_body(qualified(root))


def _refuse_reference(moto: ApiRequest, reference: str | None) -> None:
    _, page = moto.get("hostedzone", maxitems=_ALL)
    used = () if page is None else page.iterfind(".//r:HostedZone/r:CallerReference", NS)
    if reference is not None and reference in [element.text for element in used]:
        text = "A hosted zone has already been created with the specified caller reference."
        raise Refused("409 Conflict", "HostedZoneAlreadyExists", text)

"""Domains and their records: what the API takes, what it refuses, and how it tells them.

A new domain has an SOA and three NS records (OpenAPI description, `domain.zone_file`); records have a TTL of 1800 s
where none is given. That a TTL has at least 30 s is what the control panel says. Records of one name answer together,
but nothing shares its name with a CNAME (RFC 1034, section 3.6.2): 422, "CNAME records cannot share a name with other
records" (kubernetes-sigs/external-dns, issue 4802). Nothing here knows of health.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from harness.engines.provider.values import Json
from harness.parts.steering.digitalocean.calls import Call, field_of, within
from harness.parts.steering.digitalocean.values import Account, Domain, Record, Reply, not_found, unprocessable, without

DEFAULT_TTL_S = 1800
TTL_MAX_S = 2**31 - 1
NAME_SERVERS = ("ns1.digitalocean.com", "ns2.digitalocean.com", "ns3.digitalocean.com")
_FIRST_ID = 28_448_429
_LABEL = r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)"
_NAME = re.compile(rf"(?:\*|{_LABEL})(?:\.{_LABEL})*", re.IGNORECASE)
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE)
_NAME_MAX, _TEXT_MAX = 253, 65_535


def _address(version: int) -> Callable[[str], str]:
    def checked(data: str) -> str:
        try:
            return str(ipaddress.ip_address(data)) if ipaddress.ip_address(data).version == version else _bad(version)
        except ValueError:
            return _bad(version)

    return checked


def _bad(version: int) -> str:
    raise unprocessable(f"IP address did not match IPv{version} format (e.g. {_EXAMPLES[version]}).")


_EXAMPLES = {4: "127.0.0.1", 6: "2001:db8::ff00:42:8329"}


def _host(data: str) -> str:
    """A host's name: `@`, one within the domain, or a whole one with a dot behind it, which is told without it."""
    if data == "@":
        return data
    whole = data.removesuffix(".")
    if not _NAME.fullmatch(whole) or len(whole) > _NAME_MAX:
        raise unprocessable("Data is not a valid host name")
    if "." in whole and not data.endswith("."):
        raise unprocessable("Data needs to end with a dot (.)")
    return whole


def _text(data: str) -> str:
    if len(data) > _TEXT_MAX or any(ord(character) < 32 for character in data):
        raise unprocessable("Data is not a valid text")
    return data


_DATA: Mapping[str, Callable[[str], str]] = {
    "A": _address(4), "AAAA": _address(6), "CNAME": _host, "MX": _host, "NS": _host, "SRV": _host, "CAA": _host,
    "TXT": _text,
}  # fmt: skip
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "MX": ("priority",),
    "SRV": ("priority", "port", "weight"),
    "CAA": ("flags", "tag"),
}
_TAGS = ("issue", "issuewild", "iodef")


def create_domain(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/domains"""
    name = str(field_of(call.body, "name", str, required=True)).lower()
    if not _DOMAIN.fullmatch(name) or len(name) > _NAME_MAX:
        raise unprocessable("Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    if name in account.domains:
        raise unprocessable(f"Name '{name}' already exists")
    records: list[Record] = [Record(0, "SOA", "@", str(DEFAULT_TTL_S))]
    records += [Record(0, "NS", "@", server) for server in NAME_SERVERS]
    if (address := field_of(call.body, "ip_address", str)) is not None:
        records.append(Record(0, "A", "@", _DATA["A"](address)))
    numbered = tuple(replace(record, id=_FIRST_ID + account.made + n) for n, record in enumerate(records))
    serial = (call.now_ns + call.rules.wall_ns) // 1_000_000_000
    domain = Domain(name, DEFAULT_TTL_S, serial, numbered)
    account = replace(account, domains={**account.domains, name: domain}, made=account.made + len(numbered))
    return account, Reply(201, {"domain": {"name": name, "ttl": domain.ttl, "zone_file": None}})


def list_domains(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/domains"""
    return account, call.listed("domains", account.domains.values(), _domain_json)


def get_domain(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/domains/{domain_name}"""
    return account, Reply(200, {"domain": _domain_json(_domain(account, call))})


def delete_domain(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/domains/{domain_name}"""
    return replace(account, domains=without(account.domains, _domain(account, call).name)), Reply(204)


def list_records(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/domains/{domain_name}/records; name: a whole name, as `www.example.com`"""
    domain = _domain(account, call)
    query = call.request.query
    wanted = [
        record
        for record in domain.records
        if query.get("type", record.type) == record.type
        and query.get("name", absolute(record.name, domain)).lower() == absolute(record.name, domain)
    ]
    return account, call.listed("domain_records", wanted, Record.as_json)


def get_record(account: Account, call: Call) -> tuple[Account, Reply]:
    """GET /v2/domains/{domain_name}/records/{domain_record_id}"""
    return account, Reply(200, {"domain_record": _record(_domain(account, call), call).as_json()})


def create_record(account: Account, call: Call) -> tuple[Account, Reply]:
    """POST /v2/domains/{domain_name}/records"""
    domain = _domain(account, call)
    type_ = field_of(call.body, "type", str, required=True)
    if type_ not in _DATA:
        raise unprocessable(f"Type must be one of: {', '.join(_DATA)}")
    blank = Record(_FIRST_ID + account.made, type_, "", "")
    made = _filled(blank, call.body, call, required=("name", "data", *_NEEDS.get(type_, ())))
    _refuse_clash(domain, made)
    return _changed(account.counted(), domain, (*domain.records, made)), Reply(201, {"domain_record": made.as_json()})


def update_record(account: Account, call: Call) -> tuple[Account, Reply]:
    """PUT and PATCH /v2/domains/{domain_name}/records/{domain_record_id}; `type` names what it is, or makes it so"""
    domain = _domain(account, call)
    before = _record(domain, call)
    type_ = field_of(call.body, "type", str, required=call.request.method == "PUT", default=before.type)
    if type_ != before.type and (type_ not in _DATA or before.type == "SOA"):
        raise unprocessable(f"Type must be one of: {', '.join(_DATA)}")
    needed = () if type_ == before.type else ("data", *_NEEDS.get(type_, ()))
    made = _filled(replace(before, type=type_), call.body, call, required=needed)
    others = tuple(record for record in domain.records if record.id != before.id)
    _refuse_clash(replace(domain, records=others), made)
    records = tuple(made if record.id == made.id else record for record in domain.records)
    return _changed(account, domain, records), Reply(200, {"domain_record": made.as_json()})


def delete_record(account: Account, call: Call) -> tuple[Account, Reply]:
    """DELETE /v2/domains/{domain_name}/records/{domain_record_id}"""
    domain = _domain(account, call)
    gone = _record(domain, call)
    if gone.type == "SOA":
        raise unprocessable("SOA records cannot be deleted")
    return _changed(account, domain, tuple(one for one in domain.records if one is not gone)), Reply(204)


def absolute(name: str, domain: Domain) -> str:
    """A record's whole name, without the last dot."""
    return domain.name if name == "@" else f"{name.lower()}.{domain.name}"


def _filled(record: Record, body: Json, call: Call, required: tuple[str, ...]) -> Record:
    """A record with what a body says of it. Raises Refusal."""
    for name in required:
        kind = str if name in ("name", "data", "tag") else int
        field_of(body, name, kind, required=True)
    name, data = field_of(body, "name", str, default=record.name), field_of(body, "data", str, default=None)
    if name != record.name or not record.name:
        name = name.removesuffix(".")
        if name != "@" and (not _NAME.fullmatch(name) or len(name) > _NAME_MAX):
            raise unprocessable("Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    ttl = field_of(body, "ttl", int, default=record.ttl)
    if ttl > TTL_MAX_S:
        raise unprocessable(f"Ttl must be less than or equal to {TTL_MAX_S}")
    if ttl < call.rules.ttl_min:
        raise unprocessable(f"Ttl must be greater than or equal to {call.rules.ttl_min}")
    tag = field_of(body, "tag", str, default=record.tag)
    if record.type == "CAA" and tag not in _TAGS:
        raise unprocessable(f"Tag must be one of: {', '.join(_TAGS)}")
    return replace(
        record,
        name=name,
        data=record.data if data is None or record.type == "SOA" else _DATA[record.type](data),
        ttl=ttl,
        priority=within(body, "priority", 0, 65_535, record.priority),
        port=within(body, "port", 0, 65_535, record.port),
        weight=within(body, "weight", 0, 65_535, record.weight),
        flags=within(body, "flags", 0, 255, record.flags),
        tag=tag,
    )


def _refuse_clash(domain: Domain, made: Record) -> None:
    beside = [one for one in domain.records if one.name.lower() == made.name.lower() and one.type != "SOA"]
    if beside and (made.type == "CNAME" or any(one.type == "CNAME" for one in beside)):
        raise unprocessable("CNAME records cannot share a name with other records")
    if any(replace(one, id=made.id, ttl=made.ttl) == made for one in beside):
        raise unprocessable("Record already exists")


def _changed(account: Account, domain: Domain, records: tuple[Record, ...]) -> Account:
    changed = replace(domain, records=records, serial=domain.serial + 1)
    return replace(account, domains={**account.domains, domain.name: changed})


def _domain(account: Account, call: Call) -> Domain:
    found = account.domains.get(call.ids[0].lower())
    if found is None:
        raise not_found()
    return found


def _record(domain: Domain, call: Call) -> Record:
    found = next((record for record in domain.records if str(record.id) == call.ids[1]), None)
    if found is None:
        raise not_found()
    return found


def _domain_json(domain: Domain) -> Json:
    return {"name": domain.name, "ttl": domain.ttl, "zone_file": zone_file(domain)}


def soa_data(domain: Domain) -> str:
    """What the SOA record says; its last number is how long the absence of a name may be cached, at most."""
    numbers = f"{domain.serial} 10800 3600 604800 {DEFAULT_TTL_S}"
    return f"ns1.digitalocean.com. hostmaster.{domain.name}. {numbers}"


def zone_file(domain: Domain) -> str:
    """The whole domain as a zone file."""
    lines = [f"$ORIGIN {domain.name}.", f"$TTL {domain.ttl}", f"{domain.name}. IN SOA {soa_data(domain)}"]
    for record in domain.records:
        if record.type != "SOA":
            lines.append(f"{absolute(record.name, domain)}. {record.ttl} IN {record.type} {wire_data(record, domain)}")
    return "\n".join(lines) + "\n"


def wire_data(record: Record, domain: Domain) -> str:
    """A record's data as DNS writes it."""
    data = record.data
    if record.type in ("CNAME", "MX", "NS", "SRV"):
        data = f"{domain.name}." if data == "@" else f"{data}." if "." in data else f"{data}.{domain.name}."
    match record.type:
        case "MX":
            return f"{record.priority} {data}"
        case "SRV":
            return f"{record.priority} {record.weight} {record.port} {data}"
        case "CAA":
            return f'{record.flags} {record.tag} "{record.data}"'
        case "TXT":
            pieces = [data[at : at + 255] for at in range(0, len(data), 255)] or [""]
            return " ".join('"' + piece.replace("\\", "\\\\").replace('"', '\\"') + '"' for piece in pieces)
    return data

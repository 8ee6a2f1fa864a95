"""Steering that is not ours: DNS is asked as any client asks it, and nothing of it can be frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from harness.errors import InputError, NotMeasurable, WorldError
from harness.faults.needs import FROZEN_FAILOVER
from harness.kit.address import Address, join_address
from harness.parts.steering.external.spec import RESOLV_CONF, server_of
from harness.parts.steering.external.spec import External as Spec
from harness.world.diagnosis import Diagnosis, State
from harness.world.part import Blueprint, StatusLine
from harness.world.steering import Steering

_TRY_S = 1.0
_NOT_FROZEN = "not measurable here: nobody here can stop the failover of a stack that is not ours"
_NOT_SEEN = "not measured: the health checks of a stack that is not ours tell nothing of themselves"


class External(Steering):
    """The name server that somebody named."""

    name = "dns"

    def __init__(self, blueprint: Blueprint, server: Address) -> None:
        self._record = blueprint.environment.edge.record
        self._server = server

    @property
    def dns(self) -> Address:
        """See Steering."""
        return self._server

    def freeze(self) -> None:
        """See Steering. Raises NotMeasurable."""
        raise NotMeasurable(_NOT_FROZEN)

    def thaw(self) -> None:
        """See Steering: nothing was frozen."""

    def answers(self) -> Sequence[str]:
        """See Steering."""
        return asked(self._server, self._record)

    def status(self) -> Sequence[StatusLine]:
        """Who is asked."""
        return (StatusLine("DNS", join_address(self._server), f"asked for {self._record}; not started here"),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What its health checks do is seen by nobody here."""
        return {"health_checks": _NOT_SEEN, FROZEN_FAILOVER: _NOT_FROZEN}


def asked(server: Address, record: str) -> tuple[str, ...]:
    """The addresses that are answered now; none where there is no answer. Raises WorldError for what is no name."""
    try:
        query = dns.message.make_query(record, dns.rdatatype.A)
        answer = dns.query.udp(query, server[0], _TRY_S, server[1], ignore_unexpected=True, ignore_trailing=True)
        found = answer.resolve_chaining().answer  # type: ignore[attr-defined]
    except (OSError, dns.exception.Timeout):
        return ()
    except dns.exception.DNSException as error:
        raise WorldError(
            f"the name server at {join_address(server)} answers nothing useful for {record}: {error}"
        ) from error
    return () if found is None else tuple(sorted(rdata.address for rdata in found))


def build(blueprint: Blueprint, spec: Spec) -> list[Steering]:
    """One. Raises InputError where this machine names no name server."""
    try:
        return [External(blueprint, server_of(spec.dns, _resolv_conf()))]
    except ValueError as error:
        raise InputError(f"steering.dns: {error}") from None


def _resolv_conf() -> str:
    try:
        return RESOLV_CONF.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """What DNS answers now."""
    (steering,) = build(blueprint, spec)
    record, where = blueprint.environment.edge.record, join_address(steering.dns)
    found = steering.answers()
    if found:
        yield Diagnosis("DNS", State.OK, f"{where} answers {', '.join(found)} for {record}")
    else:
        yield Diagnosis(
            "DNS", State.FAIL, f"{where} knows no address of {record}", "start the stack, or mend steering.dns"
        )

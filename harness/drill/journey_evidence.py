"""What became of journeys, as the evidence says it: a cell of the resiliency matrix for each fault and journey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.drill.case import Case
from harness.drill.judging.journeys import fared_of
from harness.drill.measures import Measures
from harness.history.business import BusinessTold
from harness.history.parties import PartyCall
from harness.measurement.dependencies import (
    PARTY,
    PLACE,
    PROVIDER,
    WEBHOOKS,
    Dependency,
    dependency_of,
    failure_of,
    watched,
)
from harness.measurement.journeys import NOT_RUN, RULES, Fared, Visited
from harness.units import to_s


def journey_evidence(measures: Measures) -> Mapping[str, Any] | None:
    """The `measured.journeys` object of run.json; None where the subject file names none."""
    journeys = measures.case.journeys
    if journeys is None:
        return None
    return {
        "rules": dict(RULES),
        "made": [{"name": one.name, "period_s": one.period_s, "after": one.after} for one in journeys.made],
        "watched": [_named(one) for one in _dependencies(measures, journeys.steering)],
        "cells": [_cell(one, measures, journeys.steering) for one in fared_of(measures)],
    }


def _dependencies(measures: Measures, steering: str) -> list[Dependency]:
    """What there is to depend on in this world: what the witness dials, who tells or is told, and what was hit."""
    case = measures.case
    found = {*watched((probe.link for probe in measures.probes), steering), Dependency(PROVIDER, steering)}
    found |= {Dependency(PLACE, place.name) for place in case.places}
    found |= {Dependency(WEBHOOKS, event.system) for event in measures.context if isinstance(event, BusinessTold)}
    found |= {Dependency(PARTY, event.system) for event in measures.context if isinstance(event, PartyCall)}
    found |= {_hit(case, number, steering) for number in range(len(case.faults))}
    return sorted((one for one in found if one.name), key=lambda one: one.order)


def _hit(case: Case, number: int, steering: str) -> Dependency:
    fault, places = case.faults[number], [place.name for place in case.places]
    return dependency_of(fault.kind, fault.target, fault.mode, fault.links, places, steering)


def _named(dependency: Dependency) -> dict[str, str]:
    return {"kind": dependency.kind, "name": dependency.name}


def _cell(one: Fared, measures: Measures, steering: str) -> dict[str, Any]:
    case, fault = measures.case, measures.case.faults[one.fault]
    state, text = one.state, one.text
    if not measures.canaries[one.fault].observed:
        state, text = NOT_RUN, "the fault was not seen at its victim, so nothing is shown"
    return {
        "fault": one.fault,
        "dependency": _named(_hit(case, one.fault, steering)),
        "failure": failure_of(fault.kind, fault.mode),
        "beside": list(one.beside),
        "journey": one.journey,
        "state": state,
        "text": text,
        "before": _visited(one.before),
        "during": _visited(one.during),
        "after": _visited(one.after),
        "out_s": to_s(one.out_ns),
        "worked_again": one.ended,
        "errors": dict(one.errors),
    }


def _visited(of: Visited) -> dict[str, Any]:
    return {
        "made": of.made,
        "worked": of.worked,
        "p50_s": None if of.p50_ns is None else to_s(of.p50_ns),
        "p95_s": None if of.p95_ns is None else to_s(of.p95_ns),
    }

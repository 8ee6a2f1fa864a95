"""The active region by hand: `python -m reference.monitor get` and `... set REGION`.

Setting writes the record; a running monitor then moves the lease there, the orderly way (stop, drain, activate). The
region stays active until it fails or somebody sets another one: there is no automatic failback from a choice by hand.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from reference.active_region import BY_OPERATOR, Record, highest
from reference.dynamo import CallFailed, Client
from reference.lease import next_epoch
from reference.record_table import read_record, write_record
from reference.settings import Settings

USAGE = "usage: python -m reference.monitor [get | set REGION]"


def main(settings: Settings, arguments: Sequence[str]) -> int:
    """Run the command. Returns the exit code: 0 done, 1 no table could be reached, 2 wrong arguments."""
    match arguments:
        case ["get"]:
            return _report(settings, get_active_region(settings))
        case ["set", region] if region in settings.regions:
            return _report(settings, set_active_region(settings, region))
        case ["set", region]:
            sys.stderr.write(f"{region} is neither of {', '.join(settings.regions)}\n")
            return 2
    sys.stderr.write(USAGE + "\n")
    return 2


def get_active_region(settings: Settings) -> dict[str, Record | CallFailed | None]:
    """What each region's table says, or why it could not be read."""
    return {region: _attempt(region, settings, None) for region in settings.regions}


def set_active_region(settings: Settings, region: str) -> dict[str, Record | CallFailed | None]:
    """Write a record for `region` to both tables and read it back from each. Setting it again changes nothing."""
    before = get_active_region(settings)
    known = highest(found for found in before.values() if not isinstance(found, CallFailed))
    if known is not None and known.region == region:
        record = known
    else:
        epoch = next_epoch(known.epoch if known else 0, settings.regions.index(region))
        record = Record(region, epoch, BY_OPERATOR)
    return {name: _attempt(name, settings, record) for name in settings.regions}


def _attempt(region: str, settings: Settings, record: Record | None) -> Record | CallFailed | None:
    client = Client(region)
    try:
        return write_record(client, settings, record) if record else read_record(client, settings)
    except CallFailed as failure:
        return failure
    finally:
        client.close()


def _report(settings: Settings, answers: dict[str, Record | CallFailed | None]) -> int:
    found = {region: answer for region, answer in answers.items() if isinstance(answer, Record)}
    current = highest(found.values())
    report = {
        "active": current.region if current else settings.primary if not _all_failed(answers) else None,
        "epoch": current.epoch if current else 0,
        "tables": {region: str(answer) for region, answer in answers.items()},
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 1 if _all_failed(answers) else 0


def _all_failed(answers: dict[str, Record | CallFailed | None]) -> bool:
    return all(isinstance(answer, CallFailed) for answer in answers.values())

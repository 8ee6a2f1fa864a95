"""Experiments of AWS Fault Injection Service: started from a template, found again by a tag, and stopped.

Calls: StartExperiment, ListExperiments, GetExperiment, StopExperiment (AWS FIS API Reference). An experiment counts as
begun when its state is `running` or, for one whose actions are over at once, `completed`; states that end it otherwise
are told with their reason. Credentials are those of the user's own AWS configuration, and are in no file of ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.errors import WorldError
from harness.parts.platform.external.spec import Experiment
from harness.storable_text import storable

Meanwhile = Callable[[], None]

TAG = "drill"
_POLL_S = 0.5
_GOES_ON = frozenset({"pending", "initiating", "running"})
_BEGUN = frozenset({"running", "completed"})
_ENDED = frozenset({"completed", "stopped", "failed", "cancelled"})
_TRIES = 3


def nothing() -> None:
    """There is nothing to do meanwhile."""


@contextmanager
def _calling(what: Experiment) -> Iterator[Any]:
    """A client of the service; what botocore raises is told as ours."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": _TRIES, "mode": "standard"})
    try:
        session = boto3.Session(profile_name=what.profile, region_name=what.region)
        client = session.client("fis", endpoint_url=what.endpoint, config=config)
        try:
            yield client
        finally:
            client.close()
    except (BotoCoreError, ClientError) as error:
        raise WorldError(
            f"AWS FIS, experiment template {what.template} in {what.region}: {storable(str(error))}"
        ) from error


def start(what: Experiment, token: str, timeout_s: float, meanwhile: Meanwhile = nothing) -> str | None:
    """Start one, and wait until it runs; why it did not, if so. token: by which it is found again.

    meanwhile: called twice a second; what it raises ends the wait. Raises WorldError.
    """
    with _calling(what) as fis:
        begun = fis.start_experiment(clientToken=token, experimentTemplateId=what.template, tags={TAG: token})
        found = _until(fis, begun["experiment"], _BEGUN | _ENDED, timeout_s, meanwhile)
    status = _status(found)
    return None if status in _BEGUN else f"{_named(found)} is {status}{_reason(found)}"


def stop(what: Experiment, token: str, timeout_s: float, meanwhile: Meanwhile = nothing) -> str:
    """Stop what was started under a token, and wait for its end; a sentence. Raises WorldError."""
    with _calling(what) as fis:
        mine = [one for one in _listed(fis) if one.get("tags", {}).get(TAG) == token]
        for one in mine:
            if _status(one) in _GOES_ON:
                fis.stop_experiment(id=one["id"])
        ended = [_until(fis, one, _ENDED, timeout_s, meanwhile) for one in mine]
    left = [f"{_named(one)} is {_status(one)}{_reason(one)}" for one in ended if _status(one) not in _ENDED]
    if left:
        raise WorldError(f"AWS FIS: {'; '.join(left)} still, {timeout_s:g} s after it was asked to stop")
    told = ", ".join(f"{_named(one)} is {_status(one)}" for one in ended)
    return told or f"no experiment from the template {what.template} was started"


def _listed(fis: Any) -> Iterator[Mapping[str, Any]]:
    """Every experiment that the account has."""
    token: str | None = None
    while True:
        page = fis.list_experiments(**({} if token is None else {"nextToken": token}))
        yield from page.get("experiments", ())
        token = page.get("nextToken")
        if not token:
            return


def _until(
    fis: Any, begun: Mapping[str, Any], wanted: frozenset[str], timeout_s: float, meanwhile: Meanwhile
) -> Mapping[str, Any]:
    """The experiment once its state is one of these, or time is up."""
    until, found = time.monotonic() + timeout_s, begun
    while _status(found) not in wanted and time.monotonic() < until:
        meanwhile()
        time.sleep(_POLL_S)
        found = fis.get_experiment(id=begun["id"])["experiment"]
    return found


def _status(experiment: Mapping[str, Any]) -> str:
    return str(experiment.get("state", {}).get("status", "unknown"))


def _reason(experiment: Mapping[str, Any]) -> str:
    reason = storable(str(experiment.get("state", {}).get("reason", "")))
    return f" ({reason})" if reason else ""


def _named(experiment: Mapping[str, Any]) -> str:
    return f"experiment {experiment.get('id', '?')}"

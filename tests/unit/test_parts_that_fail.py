"""A part that cannot start, or that serves no more: one sentence that names the setting, or the server."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import ROOT

from harness.errors import InputError, WorldError
from harness.live.backend import LiveWorld
from harness.parts.links.toxiproxy.part import build
from harness.parts.links.toxiproxy.spec import Toxiproxy
from harness.topology.load import load_environment, load_subject
from harness.topology.timing import Profile, Timing
from harness.world.part import Blueprint, Part


def blueprint(**changes: Any) -> Blueprint:
    environment = load_environment(ROOT / "environments" / "embedded.yaml").model_copy(update=changes)
    subject = load_subject(ROOT / "reference" / "subject.yaml", environment)
    return Blueprint(environment, subject, Timing(Profile.FAST))


@pytest.mark.parametrize("setting", ["links.port", "toxiproxy_port"])
def test_a_port_in_use_is_told_with_its_setting_before_anything_starts(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        older = {"toxiproxy_port": port} if setting == "toxiproxy_port" else {}
        [part] = build(blueprint(**older), Toxiproxy(port=0 if older else port))
        ground: Any = SimpleNamespace()  # whatever is asked of it fails: nothing may be
        with pytest.raises(InputError, match=rf"^port {port} on 127.0.0.1 is in use: choose another {setting}, or 0"):
            part.start(ground)


def test_a_server_of_somebody_elses_that_is_gone_ends_the_drill() -> None:
    class Gone(Part):
        name = "theirs"
        sentence: str | None = None

        def gone(self) -> str | None:
            return self.sentence

    part = Gone()
    world: Any = LiveWorld.__new__(LiveWorld)
    world.ground = SimpleNamespace(processes={}, switched_off=set())
    world.net = SimpleNamespace(parts=[Part(), part])
    world._looked_s = 0.0
    world.refuse_dead()
    part.sentence = "the server of us-west-2 at 127.0.0.1:8000 takes no connections any more"
    world.refuse_dead()  # asked about once a second
    world._looked_s = 0.0
    with pytest.raises(WorldError, match="the server of us-west-2"):
        world.refuse_dead()

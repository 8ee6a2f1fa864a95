"""The adversary and processes: only what it did is taken back, whatever happens half way. Needs no world."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import pytest

from harness.errors import HealError, InputError, LinkError, ProcessError, SubjectError, WorldError
from harness.faults.actions import Action, DisableLink, EnableLink, FreezeProcess, KillProcess
from harness.faults.hand import Applied
from harness.faults.model import CanaryExpectation, Plan
from harness.history.events import FaultEvent
from harness.live.adversary import Adversary
from harness.measurement.canary import Fails
from harness.world.components.hand import ProcessHand

NAMES = ("monitor", "replicator", "storefront")


class Copies:
    """How many copies of each instance run; `fails` maps `what instance` to what is raised instead of doing it."""

    def __init__(self) -> None:
        self.running = dict.fromkeys(NAMES, 1)
        self.frozen: set[str] = set()
        self.calls: list[str] = []
        self.fails: dict[str, BaseException] = {}

    def kill(self, instance: str) -> None:
        self._note("kill", instance)
        self.running[instance] = 0

    def restart(self, instance: str) -> None:
        self._note("restart", instance)
        self.running[instance] += 1

    def freeze(self, instance: str) -> None:
        self._note("freeze", instance)
        self.frozen.add(instance)

    def thaw(self, instance: str) -> None:
        self._note("thaw", instance)
        self.frozen.discard(instance)

    def _note(self, what: str, instance: str) -> None:
        self.calls.append(f"{what} {instance}")
        if error := self.fails.get(f"{what} {instance}"):
            raise error


class Links:
    """A hand on links that are up or down; `fails` maps a link to what became of its action."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.calls: list[Action] = []
        self.fails: dict[str, Applied] = {}

    def takes(self, action: Action) -> bool:
        return isinstance(action, DisableLink | EnableLink)

    def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
        self.calls += actions
        results = []
        for action in actions:
            assert isinstance(action, DisableLink | EnableLink)
            failed = self.fails.get(action.link) if isinstance(action, DisableLink) else None
            if failed is None:
                (self.down.add if isinstance(action, DisableLink) else self.down.discard)(action.link)
            results.append(failed or Applied(action, 1, 2))
        return results


def planned(*actions: Action) -> Plan:
    return Plan("test", "everything", "at-once", actions, CanaryExpectation((), Fails()))


def kills(*names: str) -> Plan:
    return planned(*(KillProcess(name) for name in names))


@pytest.mark.parametrize("failing", NAMES)
@pytest.mark.parametrize(
    "error", [ProcessError("deaf"), SubjectError("x", "no such instance"), KeyboardInterrupt()], ids=type
)
def test_wherever_several_kills_fail_one_copy_of_each_runs_afterwards(failing: str, error: BaseException) -> None:
    copies = Copies()
    copies.fails[f"kill {failing}"] = error
    adversary = Adversary([ProcessHand(copies)])
    with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else ProcessError):
        adversary.inject(kills(*NAMES))
    before = NAMES[: NAMES.index(failing)]
    restarted = [call for call in copies.calls if call.startswith("restart")]
    # What was interrupted may have happened: it is for whoever starts it to see that it lives.
    tried = (failing,) if isinstance(error, KeyboardInterrupt) else ()
    assert restarted == [f"restart {name}" for name in reversed(before + tried)]
    assert {copies.running[name] for name in NAMES if name not in tried} == {1}
    assert adversary.active == ()


def test_what_failed_and_what_was_not_tried_after_it_is_told() -> None:
    copies = Copies()
    copies.fails["kill replicator"] = SubjectError("replicator", "no such instance")
    text = "test everything could not be applied: replicator: component replicator: no such instance; "
    with pytest.raises(ProcessError, match=f"{text}storefront: not tried after that"):
        Adversary([ProcessHand(copies)]).inject(kills(*NAMES))


@pytest.mark.parametrize("deaf", list(combinations(NAMES, 2)), ids="+".join)
def test_errors_of_the_undo_are_gathered_and_the_rest_is_undone(deaf: tuple[str, str]) -> None:
    copies = Copies()
    told: list[FaultEvent] = []
    adversary = Adversary([ProcessHand(copies)], told.append)
    injection = adversary.inject(kills(*NAMES))
    first, second = deaf
    copies.fails = {f"restart {first}": SubjectError(first, "gone"), f"restart {second}": ProcessError("deaf")}
    with pytest.raises(HealError) as raised:
        injection.heal()
    assert all(name in str(raised.value) for name in deaf)
    assert [copies.running[name] for name in NAMES] == [int(name not in deaf) for name in NAMES]
    assert adversary.active == (injection,)
    copies.fails = {}
    adversary.heal_all()
    assert set(copies.running.values()) == {1}, "what was started at the first try is not started again"
    assert [event.f for event in told] == ["start", "stop"]


def test_an_undo_that_fails_while_a_plan_fails_is_a_heal_error() -> None:
    copies = Copies()
    copies.fails = {"kill replicator": ProcessError("deaf"), "restart monitor": SubjectError("monitor", "gone")}
    with pytest.raises(HealError, match="monitor: component monitor: gone"):
        Adversary([ProcessHand(copies)]).inject(kills(*NAMES))


def test_links_that_fail_leave_processes_alone_and_mend_only_what_may_be_broken() -> None:
    links, copies = Links(), Copies()
    plan = planned(*(DisableLink(name) for name in "abc"), KillProcess("monitor"), FreezeProcess("storefront"))
    links.fails = {
        "b": Applied(DisableLink("b"), 1, 2, "b: there is no such proxy", missing=True, kind=LinkError),
        "c": Applied(DisableLink("c"), 1, 2, "c: timed out", kind=LinkError),
    }
    with pytest.raises(LinkError, match="b: there is no such proxy; c: timed out"):
        Adversary([links, ProcessHand(copies)]).inject(plan)
    assert links.calls[3:] == [EnableLink("c"), EnableLink("a")]
    assert copies.calls == []


def test_processes_that_fail_are_mended_before_the_links() -> None:
    order: list[str] = []
    links, copies = Links(), Copies()
    copies.fails["freeze storefront"] = ProcessError("half of its tree")
    copies.calls = order
    enable = links.apply
    links.apply = lambda actions: (order.append("links"), enable(actions))[1]  # type: ignore[method-assign]
    plan = planned(FreezeProcess("storefront"), DisableLink("a"), KillProcess("monitor"))
    with pytest.raises(ProcessError, match="half of its tree; monitor: not tried"):
        Adversary([links, ProcessHand(copies)]).inject(plan)
    assert order == ["links", "freeze storefront", "thaw storefront", "links"], "a tree may be half frozen"
    assert links.down == set()


def test_a_process_that_two_faults_hold_is_mended_when_the_last_of_them_heals() -> None:
    copies = Copies()
    adversary = Adversary([ProcessHand(copies)])
    one, two = adversary.inject(kills("monitor", "replicator")), adversary.inject(kills("monitor"))
    one.heal()
    assert copies.running == {"monitor": 0, "replicator": 1, "storefront": 1}
    two.heal()
    assert set(copies.running.values()) == {1}
    freezes = [adversary.inject(planned(FreezeProcess("monitor"))) for _ in range(2)]
    freezes[1].heal()
    assert copies.frozen == {"monitor"}
    freezes[0].heal()
    assert copies.frozen == set()


def test_a_plan_for_which_there_is_no_hand_is_refused_before_anything_is_done() -> None:
    copies = Copies()
    with pytest.raises(InputError, match="nobody here can do DisableLink"):
        Adversary([ProcessHand(copies)]).inject(planned(KillProcess("monitor"), DisableLink("a")))
    assert copies.calls == []


def test_a_hand_that_fails_as_a_whole_may_have_done_everything() -> None:
    class Lost(Links):
        def apply(self, actions: Sequence[Action]) -> Sequence[Applied]:
            results = super().apply(actions)
            if isinstance(actions[0], DisableLink):
                raise WorldError("the connection was lost")
            return results

    links = Lost()
    with pytest.raises(WorldError, match="the connection was lost"):
        Adversary([links]).inject(planned(DisableLink("a"), DisableLink("b")))
    assert links.calls[2:] == [EnableLink("b"), EnableLink("a")]
    assert links.down == set()


def test_processes_are_mended_before_links() -> None:
    """A frozen process with a full queue can hang whoever mends its links."""
    copies, links = Copies(), Links()
    adversary = Adversary([links, ProcessHand(copies)])
    injection = adversary.inject(planned(FreezeProcess("monitor"), DisableLink("a")))
    copies.fails["thaw monitor"] = KeyboardInterrupt()  # so that whatever comes later is not done
    with pytest.raises(KeyboardInterrupt):
        injection.heal()
    assert links.down == {"a"}

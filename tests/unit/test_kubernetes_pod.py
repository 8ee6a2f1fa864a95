"""How a pod lives and goes: each rule beside the page that says it (kubernetes.io/docs/concepts/workloads/pods)."""

from __future__ import annotations

import pytest

from harness.parts.platform.kubernetes.machines.backoff import BackOffTerms
from harness.parts.platform.kubernetes.machines.container import ContainerSpec, RestartPolicy, Terms
from harness.parts.platform.kubernetes.machines.events import Ask, Exited, Probed
from harness.parts.platform.kubernetes.machines.probe import ProbeKind, ProbeTerms, Result
from harness.units import NS_PER_S
from tests.unit.kubernetes_pod_rig import Rig, failing_from

S = NS_PER_S
PLAIN = ContainerSpec("app")
LIVE = ContainerSpec("app", liveness=ProbeTerms())
PROBED = ContainerSpec("app", liveness=ProbeTerms(), readiness=ProbeTerms())


def test_without_probes_a_running_container_is_ready() -> None:
    """pod-lifecycle, "Types of probe": "If a container does not provide a readiness probe, the default state is
    Success"."""
    rig = Rig((PLAIN,)).until(1)
    assert rig.state.serves
    assert rig.state.phase == "Running"


def test_a_pod_is_ready_when_every_container_is() -> None:
    """pod-lifecycle, "Pod conditions": ContainersReady: all containers in the Pod are ready."""
    silent = ContainerSpec("other", readiness=ProbeTerms())
    rig = Rig((PLAIN, silent), answer=lambda ask, now: Result.FAILURE).until(30)
    assert not rig.state.serves
    assert rig.state.phase == "Running"


def test_readiness_alone_takes_a_pod_out_of_services_and_restarts_nothing() -> None:
    """pod-lifecycle: if the readiness probe fails, the EndpointSlice controller removes the Pod's IP address from the
    EndpointSlices of all Services that match the Pod."""
    rig = Rig((PROBED,), answer=failing_from(15, ProbeKind.READINESS)).until(120)
    assert rig.at("ready") == [0]
    assert rig.at("unready") == [40]
    assert rig.state.restarts == 0


def test_a_failed_readiness_probe_that_succeeds_again_brings_the_pod_back() -> None:
    def answer(ask: Ask, now_s: float) -> Result:
        return Result.FAILURE if ask.kind is ProbeKind.READINESS and 15 <= now_s < 65 else Result.SUCCESS

    rig = Rig((PROBED,), answer=answer).until(120)
    assert rig.at("ready") == [0, 70]


def test_a_failed_liveness_probe_kills_the_container_and_it_is_started_again() -> None:
    """pod-lifecycle: "If the liveness probe fails, the kubelet kills the container, and the container is subjected to
    its restart policy"."""
    rig = Rig((LIVE,), answer=failing_from(15, ProbeKind.LIVENESS), ends_after_s=2).until(43)
    assert rig.at("term app") == [40]
    assert rig.at("start app") == [0, 42]
    assert rig.at("kill app") == []
    assert rig.state.restarts == 1


def test_a_container_that_ignores_sigterm_is_killed_when_the_grace_period_is_over() -> None:
    """pod-lifecycle, "Termination of Pods": SIGTERM, then SIGKILL after terminationGracePeriodSeconds (30)."""
    rig = Rig((LIVE,), answer=failing_from(15, ProbeKind.LIVENESS), ends_after_s=None).until(80)
    assert rig.at("term app") == [40]
    assert rig.at("kill app") == [70]
    assert rig.at("start app") == [0, 70]


def test_a_probes_own_grace_period_holds_for_it() -> None:
    """configure-liveness, "Probe-level terminationGracePeriodSeconds"."""
    spec = ContainerSpec("app", liveness=ProbeTerms(grace_ns=60 * S))
    rig = Rig((spec,), answer=failing_from(15, ProbeKind.LIVENESS), ends_after_s=None).until(120)
    assert rig.at("kill app") == [100]


def test_a_failed_startup_probe_kills_the_container() -> None:
    """pod-lifecycle: "If the startup probe fails, the kubelet kills the container"."""
    spec = ContainerSpec("app", startup=ProbeTerms(failure_threshold=2), liveness=ProbeTerms())
    rig = Rig((spec,), answer=lambda ask, now: Result.FAILURE).until(21)
    assert "ask liveness" not in [what for _, what in rig.log]
    assert rig.at("term app") == [20]
    assert rig.state.restarts == 1


def test_after_startup_readiness_is_asked_at_once() -> None:
    spec = ContainerSpec("app", startup=ProbeTerms(), readiness=ProbeTerms())
    rig = Rig((spec,), answer=lambda ask, now: Result.SUCCESS if now >= 18 else Result.FAILURE).until(25)
    assert rig.at("ask startup") == [10, 20]
    assert rig.at("ask readiness") == [20]
    assert rig.at("ready") == [20]


def test_a_probe_that_says_nothing_fails_after_its_time_out() -> None:
    rig = Rig((LIVE,), answer=lambda ask, now: None, ends_after_s=0).until(32)
    assert rig.at("term app") == [31]


def test_the_first_restart_is_immediate_and_later_ones_wait_ever_longer() -> None:
    """pod-lifecycle, "Container restarts": 10 s, 20 s, 40 s, capped at 300 s."""
    rig = Rig((PLAIN,))
    waited: list[float] = []
    for _ in range(8):
        rig.until(rig.now_ns / S + 1)
        ended = rig.now_ns / S
        rig.crashes()
        rig.until(ended + 300)
        waited.append(rig.at("start app")[-1] - ended)
    assert waited == [0, 10, 20, 40, 80, 160, 300, 300]


def test_ten_good_minutes_and_the_back_off_begins_anew() -> None:
    """pod-lifecycle: "Once a container has executed for 10 minutes without any problems, the kubelet resets the restart
    backoff timer"."""
    rig = Rig((PLAIN,)).until(1)
    rig.crashes()
    rig.until(2)
    rig.crashes()
    assert rig.state.phase == "CrashLoopBackOff"
    rig.until(13)
    rig.until(13 + 601)
    rig.crashes()
    rig.until(rig.now_ns / S + 0.1)
    assert rig.state.phase == "Running"
    rig.crashes()
    rig.until(rig.now_ns / S + 10)
    assert rig.state.phase == "Running", "the delay is 10 s again"


def test_a_shorter_back_off_can_be_set() -> None:
    """The alpha gates ReduceDefaultCrashLoopBackOffDecay and KubeletCrashLoopBackOffMax: 1 s, at most 60 s."""
    rig = Rig((PLAIN,), Terms(backoff=BackOffTerms(1 * S, 60 * S))).until(1)
    rig.crashes()
    rig.until(1.5)
    rig.crashes()
    rig.until(2.5)
    assert rig.state.phase == "Running"


@pytest.mark.parametrize(
    ("policy", "code", "again"),
    [
        (RestartPolicy.ALWAYS, 0, True),
        (RestartPolicy.ALWAYS, 1, True),
        (RestartPolicy.ON_FAILURE, 0, False),
        (RestartPolicy.ON_FAILURE, 1, True),
        (RestartPolicy.NEVER, 1, False),
    ],
)
def test_the_restart_policy_decides(policy: RestartPolicy, code: int, again: bool) -> None:
    """pod-lifecycle, "Container restart policy": Always (default), OnFailure, Never."""
    rig = Rig((PLAIN,), Terms(policy=policy)).until(1)
    rig.crashes(code)
    rig.until(2)
    assert (rig.state.restarts == 1) is again
    if not again:
        assert rig.state.phase == ("Succeeded" if code == 0 else "Failed")


def test_a_failed_liveness_probe_of_a_pod_that_is_never_restarted_ends_it() -> None:
    rig = Rig((LIVE,), Terms(policy=RestartPolicy.NEVER), answer=lambda a, n: Result.FAILURE).until(60)
    assert rig.at("start app") == [0]
    assert rig.state.phase in ("Succeeded", "Failed")


def test_a_pod_that_goes_is_no_endpoint_at_once_and_ends_within_its_grace_period() -> None:
    """pod-lifecycle, "Termination of Pods": at the same time as the kubelet starts graceful shutdown, the control plane
    removes the Pod from EndpointSlices."""
    rig = Rig((PROBED,), ends_after_s=5).until(20)
    rig.deleted()
    assert not rig.state.serves
    assert rig.at("term app") == [20]
    assert rig.state.phase == "Terminating"
    rig.until(25)
    assert rig.state.gone
    assert rig.at("start app") == [0]


def test_while_a_pod_goes_only_readiness_is_asked() -> None:
    """pod-lifecycle; worker.go: "Graceful shutdown of the pod" ends liveness and startup probes."""
    rig = Rig((PROBED,), ends_after_s=None, answer=failing_from(20, ProbeKind.LIVENESS)).until(20)
    asked = len(rig.at("ask liveness"))
    rig.deleted()
    rig.until(49)
    assert len(rig.at("ask liveness")) == asked
    assert rig.at("ask readiness")[-1] == 40
    assert rig.at("kill app") == []
    rig.until(50)
    assert rig.at("kill app") == [50]


def test_the_hook_comes_first_and_its_time_is_taken_off_the_grace_period() -> None:
    """pod-lifecycle, "Pod termination flow"; container-lifecycle-hooks: the grace period countdown begins before the
    preStop hook is executed."""
    rig = Rig((ContainerSpec("app", pre_stop=True),), ends_after_s=None, hook_s=12).until(1)
    rig.deleted()
    rig.until(60)
    assert rig.at("preStop app") == [1]
    assert rig.at("term app") == [13]
    assert rig.at("kill app") == [31]


def test_a_hook_that_uses_the_grace_period_up_gets_two_seconds_more() -> None:
    """pod-lifecycle: "If the preStop hook is still running after the grace period expires, the kubelet requests a
    small, one-off grace period extension of 2 seconds"."""
    rig = Rig((ContainerSpec("app", pre_stop=True),), ends_after_s=None, hook_s=None).until(1)
    rig.deleted()
    rig.until(60)
    assert rig.at("term app") == [31]
    assert rig.at("kill app") == [33]


def test_a_second_deletion_with_less_grace_shortens_the_first() -> None:
    rig = Rig((PLAIN,), ends_after_s=None).until(1)
    rig.deleted()
    rig.until(5)
    rig.deleted(2)
    rig.until(60)
    assert rig.at("kill app") == [7]


def test_a_pod_that_waits_for_a_restart_goes_at_once() -> None:
    rig = Rig((PLAIN,)).until(1)
    rig.crashes()
    rig.until(2)
    rig.crashes()
    rig.deleted()
    assert rig.state.gone


def test_what_comes_too_late_changes_nothing() -> None:
    rig = Rig((LIVE,)).until(5)
    before = rig.state
    rig.happens(Exited("app", 7, 1))
    rig.happens(Exited("nobody", 1, 1))
    rig.happens(Probed("app", ProbeKind.LIVENESS, 99, Result.FAILURE))
    assert rig.state == before


def test_liveness_on_the_database_restarts_every_pod_and_recovery_waits_for_the_back_off() -> None:
    """The article's manifest: the outage lasts from 100 s to 360 s, and the pod is back long after it."""

    def answer(ask: Ask, now_s: float) -> Result:
        return Result.FAILURE if 100 <= now_s < 360 else Result.SUCCESS

    rig = Rig((PROBED,), answer=answer).until(700)
    assert rig.state.restarts >= 5
    back = [second for second in rig.at("ready") if second >= 360]
    assert back
    assert back[0] > 380, "the next look at readiness alone would have been within 10 s"

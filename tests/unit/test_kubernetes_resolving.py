"""Manifests become pods: what each place runs, with which command, environment, ports and durations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.parts.platform.kubernetes import plan
from harness.parts.platform.kubernetes.identity import Identity, argv_of, environment_of
from harness.parts.platform.kubernetes.manifests.gathering import doubts, gather
from harness.parts.platform.kubernetes.resolving import pods_at_once, resolved
from harness.parts.platform.kubernetes.spec import Kubernetes
from harness.topology import kinds
from harness.topology.load import load_environment, load_subject
from harness.topology.subject import Instance
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S
from harness.world.part import Blueprint

ROOT = Path(__file__).parents[2]
MS = NS_PER_S // 1000


def blueprint_of(
    file: Path, profile: Profile = Profile.FAST, subject: Path | None = None
) -> tuple[Blueprint, Kubernetes]:
    environment = load_environment(file)
    described = load_subject(subject or ROOT / "reference" / "subject.yaml", environment)
    spec = kinds.checked(kinds.section_named("platform"), environment.platform)
    assert isinstance(spec, Kubernetes)
    return Blueprint(environment, described, Timing(profile)), spec


def given(_: Instance) -> tuple[Mapping[str, str], Mapping[str, str]]:
    before = {"PATH": "/bin", "PRIMARY_REGION": "somewhere", "AWS_REGION": "us-east-1"}
    return before, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "us-east-1", "TIME_SCALE": "0.1"}


def planned(blueprint: Blueprint, spec: Kubernetes) -> dict[str, plan.Workload]:
    gathered = gather(blueprint.environment, blueprint.subject, spec)
    return {one.key: one for one in resolved(blueprint, gathered, given, {}).workloads}


@pytest.fixture(scope="module")
def shipped() -> dict[str, plan.Workload]:
    return planned(*blueprint_of(ROOT / "environments" / "kubernetes.yaml"))


def test_each_place_runs_its_own_pods(shipped: dict[str, plan.Workload]) -> None:
    assert set(shipped) == {"storefront.nyc3", "replicator.nyc3", "storefront.sfo3", "replicator.sfo3"}
    storefront = shipped["storefront.nyc3"]
    assert (storefront.replicas, storefront.surge, storefront.unavailable) == (2, 1, 0)
    assert (storefront.component, storefront.entrance) == ("storefront", 8080)
    assert shipped["replicator.sfo3"].entrance is None


def environment_in(workload: plan.Workload) -> dict[str, str]:
    return environment_of(Identity("storefront-1-1", workload, {8080: 45_000}), workload.containers[0])


def test_what_differs_between_the_places_comes_from_their_own_files(shipped: dict[str, plan.Workload]) -> None:
    assert environment_in(shipped["storefront.nyc3"])["AWS_REGION"] == "us-east-1"
    assert environment_in(shipped["storefront.sfo3"])["AWS_REGION"] == "us-west-2"


def test_the_manifest_replaces_what_it_may_and_the_world_insists_on_the_rest(shipped: dict[str, plan.Workload]) -> None:
    found = environment_in(shipped["storefront.nyc3"])
    assert found["PRIMARY_REGION"] == "us-east-1"
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (found["PORT"], found["BIND_ADDRESS"], found["HOSTNAME"]) == ("45000", "127.0.0.1", "storefront-1-1")


def test_durations_are_the_profiles(shipped: dict[str, plan.Workload]) -> None:
    (container,) = shipped["storefront.nyc3"].containers
    assert container.liveness is not None
    assert (container.liveness.period_ns, container.liveness.timeout_ns) == (1000 * MS, 1000 * MS)
    assert shipped["storefront.nyc3"].grace_ns == 3000 * MS
    production = planned(*blueprint_of(ROOT / "environments" / "kubernetes.yaml", Profile.PRODUCTION))
    (container,) = production["storefront.nyc3"].containers
    assert container.liveness is not None
    assert container.liveness.period_ns == 10 * NS_PER_S
    assert production["storefront.nyc3"].grace_ns == 30 * NS_PER_S


def workload_with(*variables: plan.Variable, argv: tuple[str, ...] = ("run",)) -> plan.Workload:
    container = plan.Container(name="app", image="app", argv=argv, ports=(8080, 9090), variables=variables)
    return plan.Workload(
        place="nyc3", name="app", namespace="shop", component="app", replicas=1, keeps=True, containers=(container,),
        labels={"tier": "web"}, annotations={}, account="runner", policy=plan.RestartPolicy.ALWAYS, grace_ns=0,
        before={"HOME": "/h"}, world={"TIME_SCALE": "1"}, cwd="/",
    )  # fmt: skip


def test_fields_of_the_pod() -> None:
    paths = [
        "metadata.name", "metadata.namespace", "metadata.labels['tier']", "spec.serviceAccountName", "spec.nodeName",
        "status.podIP", "status.hostIP",
    ]  # fmt: skip
    identity = Identity("app-1-1", workload_with(), {})
    assert [identity.field(path) for path in paths] == [
        "app-1-1", "shop", "web", "runner", "nyc3", "127.0.0.1", "127.0.0.1",
    ]  # fmt: skip
    assert identity.field("metadata.uid") == Identity("app-1-1", workload_with(), {}).uid


def test_variables_are_filled_into_later_ones_and_into_the_command_line() -> None:
    """ "Define dependent environment variables": what is not known stays as it is, `$$` is a dollar."""
    workload = workload_with(
        plan.Variable(name="HOST", value="$(HOME)/x"), plan.Variable(name="URL", value="http://$(HOST)/$(NOBODY)$$"),
        argv=("serve", "--url=$(URL)", "--port", "8080", "--admin={port}"),
    )  # fmt: skip
    identity = Identity("app-1-1", workload, {8080: 40_001, 9090: 40_002})
    environment = environment_of(identity, workload.containers[0])
    assert environment["URL"] == "http:///h/x/$(NOBODY)$"
    assert argv_of(identity, workload.containers[0], environment) == [
        "serve", "--url=http:///h/x/$(NOBODY)$", "--port", "40001", "--admin=40001",
    ]  # fmt: skip


def test_a_text_that_is_a_declared_port_means_the_pods_own() -> None:
    workload = workload_with(plan.Variable(name="ADMIN_PORT", value="9090"), plan.Variable(name="LIMIT", value="808"))
    identity = Identity("app-1-1", workload, {8080: 40_001, 9090: 40_002})
    found = environment_of(identity, workload.containers[0])
    assert (found["ADMIN_PORT"], found["LIMIT"], found["PORT"]) == ("40002", "808", "40001")


def test_there_is_a_port_for_every_pod_that_there_may_be_at_once() -> None:
    blueprint, spec = blueprint_of(ROOT / "environments" / "kubernetes.yaml")
    gathered = gather(blueprint.environment, blueprint.subject, spec)
    assert pods_at_once(gathered["nyc3"].entrance[0]) == 5


def test_the_articles_manifest_is_doubted_and_the_corrected_one_is_not() -> None:
    for name, wanted in (("kubernetes", 0), ("kubernetes-article", 1)):
        blueprint, spec = blueprint_of(ROOT / "environments" / f"{name}.yaml")
        found = doubts(blueprint.environment, blueprint.subject, spec)
        assert len(found) == wanted, [doubt.text for doubt in found]


def documented(folder: Path) -> Path:
    """The example of docs/KUBERNETES.md as files. Returns the environment file."""
    text = (ROOT / "docs" / "KUBERNETES.md").read_text(encoding="utf-8")
    for name, body in re.findall(r"^```yaml\n# ([\w./-]+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(body, encoding="utf-8")
    return folder / "environment.yaml"


def test_the_documented_example_is_understood(tmp_path: Path) -> None:
    found = planned(*blueprint_of(documented(tmp_path), subject=tmp_path / "subject.yaml"))
    assert set(found) == {"app.nyc3", "app.sfo3"}
    assert found["app.sfo3"].containers[0].argv[-1] == "app.py"
    assert [environment_in(found[f"app.{place}"])["PLACE"] for place in ("nyc3", "sfo3")] == ["nyc3", "sfo3"]


def test_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    file = documented(tmp_path)
    manifest = tmp_path / "k8s" / "app.yaml"
    text = manifest.read_text(encoding="utf-8").replace("metadata: {name: app}   ", "metadata: {name: shop}   ", 1)
    manifest.write_text(text.replace("targetPort: http", "targetPort: 81"), encoding="utf-8")
    (tmp_path / "k8s" / "sfo3.yaml").write_text("apiVersion: v1\nkind: Config\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        planned(*blueprint_of(file, subject=tmp_path / "subject.yaml"))
    told = str(refused.value)
    assert "no Deployment or Pod is called app, as the application is in the subject file; there are: shop" in told
    assert "nothing listens on 81 in the pods of shop" in told
    assert "sfo3.yaml:2: kind: `v1 Config` is unknown here" in told


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = documented(tmp_path)
    (tmp_path / "k8s" / "app.yaml").unlink()
    with pytest.raises(InputError, match=r"app\.yaml: cannot be read"):
        planned(*blueprint_of(file, subject=tmp_path / "subject.yaml"))

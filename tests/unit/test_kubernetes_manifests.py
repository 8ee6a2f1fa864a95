"""Manifests are read with their lines, and everything that is wrong with them is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.parts.platform.kubernetes.manifests import service_rules
from harness.parts.platform.kubernetes.manifests.reading import read
from tests.unit.kubernetes_manifests import GOOD, manifests_of, problems_of


def test_a_manifest_that_is_right_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, GOOD) == []


def test_what_it_means(tmp_path: Path) -> None:
    manifests, _ = manifests_of(tmp_path, GOOD)
    (workload,) = manifests.workloads
    (container,) = workload.template.containers
    assert (workload.name, workload.replicas, workload.surge, workload.unavailable) == ("app", 2, "25%", "25%")
    assert workload.template.grace_s == 30
    assert container.number_of("http") == container.number_of(8080) == 8080
    assert container.liveness is not None
    assert (container.liveness.period_s, container.liveness.timeout_s, container.liveness.failure_threshold) == (
        10,
        1,
        3,
    )
    assert manifests.data_named("secret", "keys").values == {"token": "hush"}  # type: ignore[union-attr]


def test_zero_means_absent_as_the_api_server_has_it(tmp_path: Path) -> None:
    """periodSeconds: 0 and failureThreshold: 0 are no errors, they become 10 and 3."""
    text = GOOD.replace(
        "            periodSeconds: 10\n", "            periodSeconds: 0\n            failureThreshold: 0\n"
    )
    assert problems_of(tmp_path, text) == []
    manifests, _ = manifests_of(tmp_path, text)
    liveness = manifests.workloads[0].template.containers[0].liveness
    assert liveness is not None
    assert (liveness.period_s, liveness.failure_threshold) == (10, 3)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("kind: Deployment", "kind: Deploiment", 14, "did you mean `apps/v1 Deployment`?"),
        ("kind: Deployment", "kind: StatefulSet", 14, "`apps/v1 StatefulSet` is not run here"),
        ("  replicas: 2", '  replicas: "2"', 18, 'must be of type integer, not "2"'),
        ("  replicas: 2", "  replicas: 900", 18, "0 to 50 are run here"),
        ("  replicas: 2", "  replica: 2", 17, "unknown key replica; did you mean replicas?"),
        ("      labels: {app: app}", "      labels: {app: app, x: y}", 23, "must be of type string, not true"),
        ("matchLabels: {app: app}", "matchLabels: {app: other}", 19, "does not match the labels of the template"),
        ("        - name: app\n", "        - name: App\n", 26, "`App` is no name"),
        ("image: registry.example.com/app:1", "image: other:1", 27, "no command is known for `other:1`"),
        ("name: http\n", "name: http_port\n", 29, "is no port's name"),
        ("containerPort: 8080", "containerPort: 80800", 29, "1 to 65535"),
        ("port: http\n            period", "port: metrics\n            period", 41, "nothing listens on port metrics"),
        ("port: 8080}", "port: 9090}", 44, "nothing listens on port 9090: container app declares 8080 (http)"),
        ("periodSeconds: 10", "successThreshold: 3", 42, "of a liveness probe must be 1"),
        ("periodSeconds: 10", "periodSeconds: -1", 42, "0 to 86400, not -1"),
        ("periodSeconds: 10", "terminationGracePeriodSeconds: 0", 42, "1 to 86400"),
        ("failureThreshold: 2", "terminationGracePeriodSeconds: 5", 46, "is not allowed for readiness probes"),
        ("periodSeconds: 10", "tcpSocket: {port: http}", 38, "exactly one of httpGet, tcpSocket, exec is wanted"),
        ("fieldPath: metadata.name", "fieldPath: spec.hostname", 35, "`spec.hostname` is no field"),
        ("name: keys, key: token", "name: keys, key: other", 37, "keys has no key other; there are: token"),
        ("name: keys, key: token", "name: lost, key: token", 37, "no Secret is called lost in these files"),
        ("configMapRef: {name: region}", "configMapRef: {name: lost}", 32, "no ConfigMap is called lost"),
        ("token: aHVzaA==", "token: hush!", 11, "is not base64 of a text"),
        ("  selector: {app: app}\n  ports", "  selector: {app: nobody}\n  ports", 52, "selects nothing"),
        ("targetPort: http", "targetPort: 81", 54, "nothing listens on 81 in the pods of app"),
        ("metadata: {name: region}", "metadata: {name: Region_1}", 3, "is no name"),
        ("    spec:\n", "    spec:\n      volumes: [{name: data, emptyDir: {}}]\n", 25, "nothing is mounted here"),
        ("    spec:\n", "    spec:\n      initContainers: [{name: a, image: b}]\n", 25, "are not run here"),
        (
            "        - name: app\n", "        - name: app\n          volumeMounts: [{name: a, mountPath: /a}]\n", 27,
            "nothing is mounted here",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert GOOD.count(old) == 1, old
    told = problems_of(tmp_path, GOOD.replace(old, new))
    assert any(problem.startswith(f"{line}: ") and words in problem for problem in told), told


def test_two_containers_with_one_port(tmp_path: Path) -> None:
    second = """\
        - name: sidecar
          image: registry.example.com/app:1
          ports:
            - containerPort: 8080
---
apiVersion: v1
kind: Service"""
    told = problems_of(tmp_path, GOOD.replace("---\napiVersion: v1\nkind: Service", second))
    assert any("port 8080 is container app's, and all share the pod's address" in problem for problem in told), told


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("image: registry.example.com/app:1", "image: other").replace(
        "targetPort: http", "targetPort: 1"
    )
    text = text.replace("name: keys, key: token", "name: keys, key: x").replace("port: 8080}", "port: 9}")
    assert len(problems_of(tmp_path, text)) == 4


def test_mistakes_of_form_hide_no_others(tmp_path: Path) -> None:
    text = GOOD.replace("  replicas: 2", '  replicas: "2"\n  replica: 3').replace("port: 8080}", "port: 9}")
    text = text.replace("  selector: {app: app}\n  ports", "  selector: {app: nobody}\n  ports")
    ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n"
    told = "\n".join(problems_of(tmp_path, text + ingress))
    for words in ("must be of type integer", "unknown key replica;", "nothing listens on port 9", "selects nothing",
                  "`networking.k8s.io/v1 Ingress` is unknown here"):  # fmt: skip
        assert words in told, told


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (GOOD, True),
        (GOOD.replace("kind: Deployment", "kind: StatefulSet"), False),
        (GOOD.replace("        - name: app\n", "        - name: 5\n"), False),
        (GOOD + "---\napiVersion: v1\nkind: Banana\n", True),
        ("a: [\n", False),
        ("- a\n", False),
        ("metadata: {name: app}\n", False),
        ("apiVersion: v1\nkind: List\nitems: []\n", False),
    ],
)
def test_services_are_judged_where_no_pods_are_missing(tmp_path: Path, text: str, whole: bool) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(text, encoding="utf-8")
    assert read([file]).whole is whole


def test_yaml_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    assert problems_of(tmp_path, GOOD + "---\na: [\n")[0].startswith("5")
    assert "found duplicate key" in problems_of(tmp_path, "kind: Pod\nkind: Pod\n")[0]


def test_two_objects_of_one_name(tmp_path: Path) -> None:
    told = problems_of(tmp_path, GOOD + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: region}\n")
    assert any("2 objects of this kind are called region" in problem for problem in told)


def doubts(folder: Path, text: str) -> list[str]:
    manifests, _ = manifests_of(folder, text)
    asks = lambda _container, path: "which asks the database" if path == "/ready" else None  # noqa: E731
    return [f"{doubt.at.line}: {doubt.text}" for doubt in service_rules.doubts(manifests, asks)]


def test_sound_probes_raise_no_doubt(tmp_path: Path) -> None:
    assert doubts(tmp_path, GOOD) == []


def test_a_liveness_probe_that_asks_the_database_is_doubted(tmp_path: Path) -> None:
    (told,) = doubts(tmp_path, GOOD.replace("path: /live", "path: /ready"))
    assert told.startswith("38: liveness probe of app asks /ready, which asks the database")


def test_a_liveness_probe_that_is_stricter_than_readiness_is_doubted(tmp_path: Path) -> None:
    (told,) = doubts(tmp_path, GOOD.replace("periodSeconds: 10", "periodSeconds: 1"))
    assert "stricter than its readiness probe: 3 s of failures restart the container, 6 s take it out" in told


def test_a_time_out_above_the_period_is_legal_and_doubted(tmp_path: Path) -> None:
    text = GOOD.replace("periodSeconds: 10", "periodSeconds: 10\n            timeoutSeconds: 11")
    assert problems_of(tmp_path, text) == []
    (told,) = doubts(tmp_path, text)
    assert "timeoutSeconds 11 is above periodSeconds 10" in told


def test_a_config_map_is_no_larger_than_kubernetes_takes_it(tmp_path: Path) -> None:
    """1 MiB of values; a file of that size is refused anyway, and aliases make one of it that is small."""
    half = "x" * 600_000
    told = problems_of(
        tmp_path, f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata: {{a: &a {half}, b: *a}}\n"
    )
    assert told == ["4: data: 1200000 bytes of values; Kubernetes takes 1048576 (1 MiB) at most"]


def test_a_value_that_no_program_can_be_given_is_refused_where_it_is_used(tmp_path: Path) -> None:
    long = GOOD.replace("AWS_REGION: us-east-1", f"AWS_REGION: {'x' * 131_072}")
    (told,) = problems_of(tmp_path, long)
    assert told.startswith("32: ")
    assert "AWS_REGION of region is too long for a variable: Linux takes less than 131072 bytes" in told
    assert (
        problems_of(tmp_path, long.replace("          envFrom:\n            - configMapRef: {name: region}\n", ""))
        == []
    )

"""A Kubernetes CronJob for a schedule, with its file as a ConfigMap beside it. Pure.

Which image has `drill`, and which secret has the addresses of channels, is said by options: nothing secret is in here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from harness.scheduling import secret
from harness.scheduling.schedule import Mail, Schedule
from harness.scheduling.yaml_text import document
from harness.storable_text import json_text

FILE_AT = "/etc/drill-schedule"
STATE_AT = "/var/lib/drill"
REPORTS = f"{STATE_AT}/reports"
_SPARE_S = 300
_LATE_S = 3600


@dataclass(frozen=True)
class Cluster:
    """image: one that has `drill`. claim: a volume that outlasts a job, None: nothing does. secret: of the channels."""

    image: str
    namespace: str | None = None
    claim: str | None = None
    secret: str | None = None


def manifest(schedule: Schedule, cluster: Cluster) -> str:
    """The documents, for `kubectl apply -f`."""
    name = f"drill-{schedule.name}"
    about = {
        "name": name,
        **({"namespace": cluster.namespace} if cluster.namespace else {}),
        "labels": _labels(schedule),
    }
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": about,
        "data": {"schedule.json": json_text(exported(schedule), indent=2) + "\n"},
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": about,
        "spec": {
            "schedule": schedule.times,
            "timeZone": "Etc/UTC" if schedule.zone == "UTC" else schedule.zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": _LATE_S,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {"spec": _job(schedule, cluster)},
        },
    }
    comment = (
        f"Scheduled disaster-recovery drill {schedule.name}, made by `drill schedule add`.",
        f"kubectl apply -f FILE; kubectl delete -f FILE takes it away again. Image: {cluster.image}",
    )
    return document(settings, comment) + "---\n" + document(job)


def exported(schedule: Schedule) -> dict[str, Any]:
    """A schedule's file for elsewhere: what is of this machine is left out."""
    return schedule.stored(without=("installed", "folder", "variables"))


def variables_of(schedule: Schedule) -> list[str]:
    """The variables that its channels take."""
    references = [one.password if isinstance(one, Mail) else one.url for one in schedule.channels]
    return sorted({name for one in references if one is not None and (name := secret.variable(one)) is not None})


def _job(schedule: Schedule, cluster: Cluster) -> dict[str, Any]:
    volume = {"persistentVolumeClaim": {"claimName": cluster.claim}} if cluster.claim else {"emptyDir": {}}
    secret_name = cluster.secret or f"drill-{schedule.name}"
    container = {
        "name": "drill",
        "image": cluster.image,
        "command": ["drill"],
        "args": ["schedule", "run", f"--file={FILE_AT}/schedule.json", f"--state={STATE_AT}"],
        "env": [
            {"name": "DRILL_STATE", "value": STATE_AT},
            *(
                {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": name}}}
                for name in variables_of(schedule)
            ),
        ],
        "securityContext": {"allowPrivilegeEscalation": False},
        "volumeMounts": [
            {"name": "schedule", "mountPath": FILE_AT, "readOnly": True},
            {"name": "state", "mountPath": STATE_AT},
        ],
    }
    return {
        "backoffLimit": 0,
        "activeDeadlineSeconds": math.ceil(schedule.window_s + schedule.limit_s + _SPARE_S),
        "template": {
            "metadata": {"labels": _labels(schedule)},
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 90,
                "containers": [container],
                "volumes": [
                    {"name": "schedule", "configMap": {"name": f"drill-{schedule.name}"}},
                    {"name": "state", **volume},
                ],
            },
        },
    }


def _labels(schedule: Schedule) -> dict[str, str]:
    return {"app.kubernetes.io/name": "drill-harness", "app.kubernetes.io/instance": schedule.name}

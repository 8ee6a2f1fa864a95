"""Whether the manifests that an environment names can be run: asked before anything is started."""

from __future__ import annotations

from harness.parts.platform.kubernetes.manifests.gathering import gather
from harness.parts.platform.kubernetes.spec import Kubernetes
from harness.topology.environment import Environment
from harness.topology.subject import Subject


def refuse(environment: Environment, subject: Subject, spec: Kubernetes) -> None:
    """Raises InputError with every mistake of every manifest of every place."""
    gather(environment, subject, spec)

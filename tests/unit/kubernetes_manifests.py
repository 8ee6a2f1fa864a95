"""A manifest that is right, to break in one place at a time."""

from __future__ import annotations

from pathlib import Path

from harness.errors import Problem
from harness.parts.platform.kubernetes.manifests import rules, service_rules
from harness.parts.platform.kubernetes.manifests.model import Manifests
from harness.parts.platform.kubernetes.manifests.reading import read
from harness.parts.platform.kubernetes.manifests.understanding import understood

GOOD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: region}
data:
  AWS_REGION: us-east-1
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data:
  token: aHVzaA==
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 2
  selector:
    matchLabels: {app: app}
  template:
    metadata:
      labels: {app: app}
    spec:
      containers:
        - name: app
          image: registry.example.com/app:1
          ports:
            - name: http
              containerPort: 8080
          envFrom:
            - configMapRef: {name: region}
          env:
            - name: POD
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            - name: TOKEN
              valueFrom: {secretKeyRef: {name: keys, key: token}}
          livenessProbe:
            httpGet:
              path: /live
              port: http
            periodSeconds: 10
          readinessProbe:
            httpGet: {path: /ready, port: 8080}
            periodSeconds: 5
            failureThreshold: 2
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports:
    - port: 80
      targetPort: http
"""
IMAGES = frozenset({"registry.example.com/app:1"})


def manifests_of(folder: Path, text: str) -> tuple[Manifests, list[Problem]]:
    """What a file says, and what is wrong with its form."""
    file = folder / "app.yaml"
    file.write_text(text, encoding="utf-8")
    found = read([file])
    manifests, misfits = understood(found.documents)
    return manifests, [*found.problems, *misfits]


def problems_of(folder: Path, text: str) -> list[str]:
    """Everything that is wrong, as `line: text`."""
    manifests, problems = manifests_of(folder, text)
    problems += rules.mistakes(manifests, lambda container: container.image in IMAGES)
    problems += service_rules.mistakes(manifests)
    return [f"{problem.line}: {problem.text}" for problem in rules.in_order(problems)]

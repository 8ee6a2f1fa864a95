"""One run: its folder, its identity, and the results of its drills. Renders nothing and decides nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from harness.clock import wall_time
from harness.drill.evidence import DrillResult, NotMeasured, RunResult
from harness.drill.options import RunOptions
from harness.errors import InputError
from harness.outcome import merge_run
from harness.processes.process_tree import process

_STAGED = ".latest-"


class Run:
    """Collects what the drills of one run found. run_id: of a run that several processes have a part of."""

    def __init__(self, options: RunOptions, run_id: str | None = None) -> None:
        self.options = options
        self.started_at: datetime = wall_time()
        self.run_id = run_id or f"{self.started_at:%Y%m%d-%H%M%S}-{os.getpid()}"
        self.folder = options.reports / self.run_id
        self._reports_were = options.reports.exists()
        self.drills: list[DrillResult] = []
        self.not_measured: list[NotMeasured] = []
        self.errors: list[str] = []

    def drill_folder(self, name: str) -> Path:
        """A fresh folder for one drill of this run; a name that is used again gets a number. Raises InputError."""
        number = 1
        while True:
            path = self.folder / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir(parents=True)
            except FileExistsError:  # of another trial, or of another process that has a part of this run
                number += 1
            except OSError as error:
                text = f"--reports {self.options.reports}: {path} cannot be made: {error.strerror}"
                raise InputError(text) from error
            else:
                return path

    @property
    def what(self) -> Mapping[str, str]:
        """What is drilled where: two runs are of the same kind only if these agree."""
        return {
            "subject": self.options.subject.subject,
            "environment": self.options.environment.environment,
            "profile": str(self.options.timing.profile),
        }

    def result(
        self,
        versions: Mapping[str, str],
        capabilities: Mapping[str, bool | str],
        machine: Mapping[str, str],
    ) -> RunResult:
        """Everything about this run, as evidence."""
        return RunResult(
            run_id=self.run_id,
            started_at=self.started_at,
            finished_at=wall_time(),
            versions=versions,
            environment=self.options.environment.environment,
            profile=self.options.timing.profile,
            subject=self.options.subject.subject,
            capabilities=capabilities,
            verdict=merge_run(drill.verdict for drill in self.drills),
            drills=tuple(self.drills),
            seed=self.options.seed,
            machine=machine,
            typed=self.options.typed or {"subject": str(self.options.subject_file)},
            not_measured=tuple(self.not_measured),
        )

    def leave_nothing_empty(self) -> None:
        """Take the run's folder away where nothing was filed in it, and the folder of all runs if this one made it."""
        found = list(self.folder.rglob("*"))
        if any(not path.is_dir() for path in found):
            return
        made = [] if self._reports_were else [self.options.reports]
        for path in (*sorted(found, reverse=True), self.folder, *made):
            try:
                path.rmdir()  # takes only what is empty
            except OSError:
                continue

    def point_latest(self) -> None:
        """Make `reports/latest` a link to this run, where the file system has links."""
        latest = self.options.reports / "latest"
        for left in self.options.reports.glob(f"{_STAGED}*"):
            pid = left.name.rpartition("-")[2]
            if pid.isdecimal() and process(int(pid)) is None:  # of a run that was killed just here
                left.unlink(missing_ok=True)
        staging = self.options.reports / f"{_STAGED}{self.run_id}"
        staging.symlink_to(self.run_id, target_is_directory=True)
        staging.replace(latest)

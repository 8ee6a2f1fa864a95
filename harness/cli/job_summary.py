"""Adds a run to the page that a CI server shows of its job: to the file that GITHUB_STEP_SUMMARY names, or another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.drill.evidence import RunResult
from harness.errors import InputError
from harness.storable_text import append_text

VARIABLE = "GITHUB_STEP_SUMMARY"


def add(result: RunResult, folder: Path, file: Path, variables: Mapping[str, str]) -> None:
    """Add the run's Markdown to the file's end. variables: of the CI server, which tell where files can be fetched.

    Raises InputError where that cannot be done, or where the file is full.
    """
    from harness.reporting import job_summary

    try:
        if file.exists() and not file.is_file():
            raise InputError(f"{file}: it is no regular file")
        room = job_summary.LARGEST_BYTES - (file.stat().st_size if file.exists() else 0)
        if room < job_summary.LEAST_BYTES:
            raise InputError(f"{file}: it is full: GitHub takes no more than 1 MiB")
        append_text(file, job_summary.render(result, folder, job_summary.artefacts(variables), room))
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from error

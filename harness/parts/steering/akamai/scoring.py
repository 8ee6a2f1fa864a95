"""How good a server is, in scores: what a test makes of an answer, what all agents together say, and who is down.

A score is the time that a test took in seconds, or a penalty: the time-out's (25) where the answer did not come in
time, the error's (75) for everything else, a connection that timed out among it. An agent says the worse of its last
score and of an average that decays with every test: a server that fails is out at once, and back only after several
good tests. Of a server's scores the median of all agents counts, and it is compared with the best server's: the cutoff
is 1.5 times the best score, and no less than 4. Whoever is above it is down; where all are equally bad, nobody is.
`healthMax` puts a limit to that: a score above so many times the smaller penalty is down whatever others have.

Sources: Akamai, "Understand GTM concepts", "Determine server liveness", and the GTM API's property object. How quickly
the average decays is not published: HALF_LIFE_TESTS is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

from harness.parts.steering.akamai.properties import LivenessTest, Property

HALF_LIFE_TESTS = 1.0
"""After how many good tests the average of a bad score has halved."""
BACKUP_HEALTH_MAX = 0.9
"""healthMax of a property that has a backup and names none: without a limit no backup would ever be handed out."""
Failing = Literal["", "error", "timeout"]


@dataclass(frozen=True)
class Result:
    """What one liveness test came to. failing: "" where it succeeded."""

    failing: Failing
    took_s: float = 0.0


@dataclass(frozen=True)
class Score:
    """What one agent knows of one server by one test."""

    last: float
    average: float

    @property
    def reported(self) -> float:
        """What the agent says: the greater of both."""
        return max(self.last, self.average)


def score_of(result: Result, test: LivenessTest) -> float:
    """The score of one result."""
    if result.failing == "error":
        return test.error_penalty
    return test.timeout_penalty if result.failing == "timeout" else result.took_s


def after(before: Score | None, score: float, half_life_tests: float) -> Score:
    """What an agent knows after one more test. half_life_tests: of the average."""
    if before is None:
        return Score(score, score)
    kept = 0.5 ** (1 / half_life_tests)
    # A bad score counts as a whole: what decays is the memory of it.
    return Score(score, max(score, kept * before.average + (1 - kept) * score))


def together(kind: str, scores: Iterable[float]) -> float:
    """The scores of several tests as one."""
    found = list(scores)
    match kind:
        case "mean":
            return fmean(found)
        case "median":
            return median(found)
        case "best":
            return min(found)
        case _:
            return max(found)


def middle(scores: Sequence[float]) -> float | None:
    """What all agents together say; None while none has said anything."""
    return median(scores) if scores else None


def cutoff(prop: Property, scores: Mapping[str, float]) -> float:
    """The score above which a server of this property is down. scores: by server."""
    highest = max(prop.multiplier * min(scores.values()), prop.threshold)
    limit = limit_of(prop)
    return highest if limit is None else min(highest, limit)


def limit_of(prop: Property) -> float | None:
    """The score above which a server is down whatever others have; None: there is no such."""
    factor = BACKUP_HEALTH_MAX if prop.health_max is None and prop.has_backup else prop.health_max
    penalties = [penalty for test in prop.tests for penalty in (test.error_penalty, test.timeout_penalty)]
    return None if factor is None or not penalties else factor * min(penalties)


def down(prop: Property, scores: Mapping[str, float]) -> frozenset[str]:
    """The servers that are down by their scores; one of which nothing is known yet is up."""
    if not scores:
        return frozenset()
    highest = cutoff(prop, scores)
    return frozenset(server for server, score in scores.items() if score > highest)


def failing(prop: Property, scores: Mapping[str, float]) -> frozenset[str]:
    """The servers that are bad by themselves, however bad others are."""
    return frozenset(server for server, score in scores.items() if score > prop.threshold)

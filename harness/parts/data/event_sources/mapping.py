"""What is set for an event source mapping: the numbers of CreateEventSourceMapping, as durations of the world's clock.

Lambda API Reference, CreateEventSourceMapping; Developer Guide, "Lambda parameters for Amazon DynamoDB event source
mappings". How long Lambda waits before a retry is not documented: `retry_first_ns` and `retry_most_ns` are ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.units import NS_PER_MS, NS_PER_S

POLLS_PER_S = 4
"""Base rate at which a shard is read (Developer Guide, "Polling and batching streams")."""
RETENTION_S = 86_400
"""How long a stream keeps a record (DynamoDB Developer Guide, "Change data capture for DynamoDB Streams")."""
TRIM_HORIZON, LATEST = "TRIM_HORIZON", "LATEST"
INFINITE = -1


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping's settings. All durations are nanoseconds of the machine's clock, already scaled.

    lanes: ParallelizationFactor; retries_max, age_max_ns: -1 = as long as the stream keeps the record. partial:
    ReportBatchItemFailures. destination: ARN of the queue for what is given up, "" for none. repeats: share of
    successful batches that are handed over once more, since delivery is at least once.
    """

    uuid: str
    function: str
    source: str
    starting: str = TRIM_HORIZON
    batch_size: int = 100
    window_ns: int = 0
    lanes: int = 1
    retries_max: int = INFINITE
    age_max_ns: int = INFINITE
    bisect: bool = False
    partial: bool = False
    destination: str = ""
    enabled: bool = True
    repeats: float = 0.0
    poll_ns: int = NS_PER_S // POLLS_PER_S
    list_ns: int = 10 * NS_PER_S
    retry_first_ns: int = 500 * NS_PER_MS
    retry_most_ns: int = 10 * NS_PER_S
    retention_ns: int = RETENTION_S * NS_PER_S

    @property
    def keeps_ns(self) -> int:
        """How old a record may become before it is given up."""
        return self.retention_ns if self.age_max_ns == INFINITE else min(self.age_max_ns, self.retention_ns)

    def pause_ns(self, tries: int) -> int:
        """How long to wait after `tries` failures in a row."""
        return min(self.retry_most_ns, self.retry_first_ns << max(0, min(tries - 1, 30)))

    def exhausted(self, retries: int) -> bool:
        """Whether no more retries are left after that many."""
        return self.retries_max != INFINITE and retries > self.retries_max

"""What a mapping carries, beside what a region's server takes: records and writes per second, in one run.

    python benchmarks/event_sources.py [--records 3000] [--seconds 5] [--repeat 3]

Four measures, on one region with the process that runs its functions: writes alone; a backlog through a mapping to a
handler that does nothing; writes with the mapping behind them, with how far it is behind when they end; and the machine
alone (no process, no network, no handler). Each round has new processes; printed are medians, least and most.
Promised: the mapping carries more than is written, and exit code 1 where it did not.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from baseline import machine
from rich.console import Console
from rich.table import Table

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.parts.data.event_sources import events as ev
from harness.parts.data.event_sources import model
from harness.parts.data.event_sources.batch import Record, Succeeded
from harness.parts.data.event_sources.mapping import Mapping
from harness.parts.data.event_sources.shards import Listed
from harness.processes.forkserver import ForkServer, stop_all
from harness.wire.admin_client import AdminClient

REGION, FUNCTIONS = "harness.engines.moto.server", "harness.parts.data.event_sources.server"
ROLE = "arn:aws:iam::123456789012:role/benchmark"
WRITERS = 4
ALONE, TOGETHER = "writes/s, alone", "writes/s, with the mapping behind them"
BACKLOG = "records/s of a backlog through the mapping, cold start included"
PAGE = 100
NOTHING = "def handler(event, context):\n    return {}\n"


class Bench:
    """A region with functions."""

    def __init__(self, servers: ForkServer, folder: Path) -> None:
        region = servers.spawn("region", REGION, {"region": "us-east-1", "listen": ["127.0.0.1", 0]})
        functions = servers.spawn("functions", FUNCTIONS, {
            "region": "us-east-1", "folder": str(folder / "code"), "logs": str(folder / "logs"), "scale": 0.1,
            "events": str(folder / "events.jsonl"),
        })  # fmt: skip
        self.processes = [functions, region]
        host, port = region.ready(60)["listen"]
        api = functions.ready(60)["api"]
        self.admin = AdminClient("functions", api)
        self.admin.post("/drill/links", {"region": [host, port], "functions": [host, port]})
        AdminClient("region", [host, port]).post("/drill/elsewhere", {"calls": {"lambda:*": api}})
        self.clients = RegionClients("us-east-1", (str(host), int(port)), read_timeout_s=30)
        self.functions = self.clients.client("lambda")
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr("app.py", NOTHING)
        self.functions.create_function(
            FunctionName="nothing", Runtime="python3.11", Handler="app.handler", Role=ROLE, Timeout=10,
            Code={"ZipFile": data.getvalue()},
        )  # fmt: skip

    def table(self, name: str) -> str:
        """A new table; the ARN of its stream."""
        db = self.clients.client("dynamodb")
        create_tables(db, [NewTable(name, "id")])
        return str(db.describe_table(TableName=name)["Table"]["LatestStreamArn"])

    def map(self, stream: str) -> None:
        """Feed the function from a stream."""
        self.functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName="nothing", StartingPosition="TRIM_HORIZON", BatchSize=PAGE
        )

    def done(self) -> int:
        """Records that the mapping is done with, by its own count."""
        lines = [line["about"] for line in self.admin.get("/drill/lines") if line["what"].startswith("mapping")]
        return sum(int(about.split()[0]) for about in lines)

    def unmap(self) -> None:
        """Take every mapping away."""
        for one in self.functions.list_event_source_mappings()["EventSourceMappings"]:
            self.functions.delete_event_source_mapping(UUID=one["UUID"])

    def write(self, table: str, *, seconds: float | None = None, records: int | None = None) -> tuple[int, float]:
        """Put items with some threads, for so long or so many; how many, and how long it took."""
        until = None if seconds is None else time.monotonic() + seconds
        share = None if records is None else -(-records // WRITERS)
        counts = [0] * WRITERS

        def work(number: int) -> None:
            db = self.clients.client("dynamodb")
            while (until is None or time.monotonic() < until) and (share is None or counts[number] < share):
                item = {"id": {"S": f"{number}-{counts[number]}"}, "value": {"S": "x" * 200}}
                db.put_item(TableName=table, Item=item)
                counts[number] += 1

        began = time.monotonic()
        threads = [threading.Thread(target=work, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts), time.monotonic() - began

    def drained(self, records: int) -> float:
        """Seconds until the mapping is done with so many."""
        began = time.monotonic()
        while self.done() < records:
            if time.monotonic() - began > 120:
                raise TimeoutError(f"{self.done()} of {records} records after two minutes")
            time.sleep(0.01)
        return time.monotonic() - began


@contextmanager
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as folder, ForkServer([REGION, FUNCTIONS], Path(folder) / "servers") as servers:
        found = Bench(servers, Path(folder))
        yield found
        stop_all(found.processes)


def machine_alone(records: int) -> float:
    """Records per second of the machine, with a stream and a function that answer at once."""
    state, todo, now_ns = model.start(Mapping("u", "f", "s", batch_size=PAGE)), list[ev.Event]([ev.Woke()]), 0
    place = 0
    began = time.perf_counter()
    while state.done < records:
        state, effects = model.step(state, todo.pop(0), now_ns)
        for effect in effects:
            match effect:
                case ev.ListShards():
                    todo.append(ev.ShardsListed((Listed("a"),)))
                case ev.OpenIterator():
                    todo.append(ev.Opened("a", "i"))
                case ev.GetRecords(limit=limit):
                    page = tuple(Record(str(place + n), f"k{n}", 200) for n in range(limit))
                    place += limit
                    todo.append(ev.Read("a", page, "i", full=True))
                case ev.Invoke(shard=shard, lane=lane):
                    todo.append(ev.Answered(shard, lane, Succeeded()))
        if not todo:
            now_ns += 1_000_000_000
            todo.append(ev.Woke())
    return records / (time.perf_counter() - began)


def once(records: int, seconds: float) -> dict[str, float]:
    """One round: what was measured, by what it is called."""
    told: dict[str, float] = {}
    with bench() as found:
        stream = found.table("backlog")
        written, took_s = found.write("backlog", records=records)
        told[ALONE] = written / took_s
        found.map(stream)
        told[BACKLOG] = written / found.drained(written)
        found.unmap()
        found.map(found.table("both"))
        written, took_s = found.write("both", seconds=seconds)
        told[TOGETHER] = written / took_s
        told["records behind when they end"] = written - found.done()
        told["seconds until it has caught up"] = found.drained(written)
    told["the machine alone, records/s"] = machine_alone(100 * records)
    return told


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=3000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    rounds = [once(arguments.records, arguments.seconds) for _ in range(arguments.repeat)]
    middle = show(rounds)
    if middle[BACKLOG] > middle[ALONE]:
        return 0
    sys.stdout.write("not kept: the mapping is to carry more than is written\n")
    return 1


def show(rounds: list[dict[str, float]]) -> dict[str, float]:
    """A table; the medians."""
    console, middle = Console(highlight=False, width=110), {}
    console.print(machine(), markup=False)
    table = Table("what", f"median of {len(rounds)}", "least", "most", box=None, pad_edge=False)
    for name in rounds[0]:
        values = [one[name] for one in rounds]
        middle[name] = median(values)
        form = ".2f" if name.startswith("seconds") else ",.0f"
        table.add_row(name, *(f"{one:{form}}" for one in (middle[name], min(values), max(values))))
    console.print(table)
    return middle


if __name__ == "__main__":
    sys.exit(main())

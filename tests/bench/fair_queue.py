"""`make bench-fair`: one admission while thousands of many namespaces wait in a FairShare queue.

A real Redis and the operator's own loop; the ScanJobs stand in its mirror, without an API server.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scanyard.queueing.connect import open_client
from tests.integration.admission.yard import Yard
from tests.support.redis_server import RedisServer

_SLOTS = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds: until all wait where they belong; and for one end and the admission after it."""

    settled: float
    admissions: tuple[float, ...]
    redis_bytes: int


async def measure(
    server: RedisServer, ordering: str, namespaces: int, waiting: int, admissions: int
) -> Figures:
    """Let so many wait, then end one after the other."""
    async with open_client(server.url) as client:
        await client.flushall()
        yard = Yard(client)
        yard.queue("busy", maxConcurrent=_SLOTS, ordering=ordering)
        await yard.begin()
        for number in range(waiting):
            namespace = f"team-{number % namespaces:04}"
            age = waiting - number
            yard.job(f"job-{number:06}", "busy", namespace=namespace, age_seconds=age)
        began = time.perf_counter()
        await yard.work()
        settled = time.perf_counter() - began
        used = int((await client.info("memory"))["used_memory"])
        seconds = []
        for _ in range(admissions):
            name = min(yard.running())
            began = time.perf_counter()
            yard.end(name)
            await yard.work()
            seconds.append(time.perf_counter() - began)
            assert len(yard.running()) == _SLOTS, "each end lets another one go"
        return Figures(settled, tuple(seconds), used)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--namespaces", type=int, nargs="+", default=[100, 1_000])
    parser.add_argument("--admissions", type=int, default=100)
    chosen = parser.parse_args()
    print(
        "| ordering | namespaces | waiting | all in their place | one admission, median "
        "| 90th percentile | Redis |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    cases = [("Priority", chosen.namespaces[0])]
    cases += [("FairShare", namespaces) for namespaces in chosen.namespaces]
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        for ordering, namespaces in cases:
            for waiting in chosen.waiting:
                found = asyncio.run(
                    measure(server, ordering, namespaces, waiting, chosen.admissions)
                )
                tenth = statistics.quantiles(found.admissions, n=10)[-1]
                print(
                    f"| {ordering} | {namespaces:,} | {waiting:,} | {found.settled:.1f} s "
                    f"| {statistics.median(found.admissions) * 1000:.1f} ms "
                    f"| {tenth * 1000:.1f} ms | {found.redis_bytes / 2**20:.0f} MiB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()

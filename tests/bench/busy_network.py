"""`make bench-busy`: one admission while thousands wait for the same busy network.

A real Redis and the operator's own loop; the ScanJobs stand in its mirror, without an API server.
All overlap, two at a time may scan the network, and the queue has more slots than that.
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


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds: until all wait where they belong; and for one end and the admission after it."""

    waiting: int
    settled: float
    admissions: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the admissions, in seconds."""
        return statistics.median(self.admissions)


async def measure(server: RedisServer, waiting: int, admissions: int) -> Figures:
    """Let so many wait, then end one after the other."""
    async with open_client(server.url) as client:
        await client.flushall()
        yard = Yard(client)
        yard.queue("busy", maxConcurrent=5, maxConcurrentPerTarget=2)
        await yard.begin()
        for number in range(waiting):
            # Networks of every size inside one /16.
            network = f"10.1.{number % 256}.0/24" if number % 10 else "10.1.0.0/16"
            targets = [network, "10.1.0.0/28"]
            yard.job(f"job-{number:06}", "busy", age_seconds=waiting - number, targets=targets)
        began = time.perf_counter()
        await yard.work()
        settled = time.perf_counter() - began
        seconds = []
        for _ in range(admissions):
            name = min(yard.running())
            began = time.perf_counter()
            yard.end(name)
            await yard.work()
            seconds.append(time.perf_counter() - began)
            assert len(yard.running()) == 2, "each end lets another one go"
        return Figures(waiting, settled, tuple(seconds))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--admissions", type=int, default=50)
    chosen = parser.parse_args()
    print("| waiting | all in their place | one admission, median | 90th percentile |")
    print("| ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder)) as server:
        for waiting in chosen.waiting:
            found = asyncio.run(measure(server, waiting, chosen.admissions))
            tenth = statistics.quantiles(found.admissions, n=10)[-1]
            print(
                f"| {waiting:,} | {found.settled:.1f} s | {found.median * 1000:.1f} ms "
                f"| {tenth * 1000:.1f} ms |",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""`make chaos SEED=…`: chaos as long as you like, and whether the guarantees held."""

from __future__ import annotations

import argparse
import secrets
import subprocess
from pathlib import Path

from tests.chaos.run import Outcome, Plan, run


def main() -> int:
    """Run; 0 if nothing was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the first; random if not given")
    parser.add_argument("--runs", type=int, default=1, help="so many seeds, one after the other")
    parser.add_argument("--scanjobs", type=int, default=300)
    parser.add_argument("--faults", type=int, default=40)
    parser.add_argument(
        "--keep",
        type=Path,
        help="a folder for logs, and for each object's history",
    )
    parser.add_argument("--quiet", action="store_true", help="only the line of each run")
    chosen = parser.parse_args()
    first = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    commit = _commit()
    print(
        "| seed | commit | ScanJobs | faults | user actions | containers | amid faults "
        "| violations | not promised | seconds |"
    )
    print(f"| ---: | --- |{' ---: |' * 8}")
    violated = 0
    for seed in range(first, first + chosen.runs):
        plan = Plan(
            seed,
            scanjobs=chosen.scanjobs,
            faults=chosen.faults,
            node_losses=max(1, chosen.faults // 40),
            keep=chosen.keep,
        )
        outcome = run(plan, lambda line: None if chosen.quiet else print(line, flush=True))
        print(_row(outcome, commit), flush=True)
        violated += bool(outcome.violations)
        for text in outcome.violations:
            print(f"  VIOLATED: {text}")
        if outcome.violations:
            print(outcome.said)
    return 1 if violated else 0


def _row(outcome: Outcome, commit: str) -> str:
    plan = outcome.plan
    cells = (
        plan.seed,
        commit,
        sum(outcome.phases.values()),
        sum(outcome.faults.values()),
        outcome.actions,
        outcome.containers,
        outcome.amid_faults,
        len(outcome.violations),
        outcome.unguaranteed,
        round(outcome.seconds),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _commit() -> str:
    words = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


if __name__ == "__main__":
    raise SystemExit(main())

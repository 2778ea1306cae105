"""`scanyard wait`."""

from __future__ import annotations

from typing import Any

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import duration, parse_duration
from scanyard.cli.formats import is_raw, output_option, print_list
from scanyard.cli.output import print_error, print_line
from scanyard.cli.scans.goals import Goal
from scanyard.cli.scans.progress import in_words
from scanyard.cli.scans.selection import selected, selection_options
from scanyard.cli.scans.waiting import Outcome, wait_for
from scanyard.lifecycle.job import read_job


@click.command(epilog=exit_codes.EXPLAINED)
@selection_options
@click.option(
    "--for",
    "goal",
    type=click.Choice([goal.value for goal in Goal]),
    default=Goal.SUCCEEDED.value,
    show_default=True,
    help="succeeded: exit code 1 for any other outcome; finished: any outcome is right; "
    "running: it runs, or has run.",
)
@click.option("--timeout", metavar="DURATION", help="Give up after 90s, 30m, 2h; else never.")
@access_options()
@output_option("")
def wait(
    *,
    names: tuple[str, ...],
    labels: str,
    everything: bool,
    goal: str,
    timeout: str | None,
    access: Access,
    output: str | None,
) -> int:
    """Wait until scans are finished, and tell by the exit code how they ended.

    With --all or --selector it waits for the ScanJobs that there are when it begins.
    """
    wish = selected(names, labels, everything=everything)
    seconds = None if timeout is None else float(parse_duration(timeout, "--timeout"))
    api = access.api()
    jobs, all_there = wish.read(api, access)
    outcome = wait_for(api, access.namespace, jobs, Goal(goal), seconds=seconds)
    raws = [outcome.last[raw["metadata"]["uid"]] for raw in jobs]
    if is_raw(output):
        print_list(raws, output or "")
    else:
        _tell(raws, outcome)
    if outcome.timed_out:
        _tell_time_over(outcome, seconds or 0)
    return exit_code(outcome) if all_there or outcome.timed_out else exit_codes.FAILED


def exit_code(outcome: Outcome) -> int:
    """What a script gets to know; that a scan failed weighs more than that another is not done."""
    if outcome.missed:
        return exit_codes.FAILED
    return exit_codes.TIMED_OUT if outcome.timed_out else exit_codes.OK


def _tell(raws: list[dict[str, Any]], outcome: Outcome) -> None:
    for raw in raws:
        if raw["metadata"]["uid"] not in outcome.open:
            job = read_job(raw)
            print_line(f"{job.name}: {in_words(job)}")


def _tell_time_over(outcome: Outcome, seconds: float) -> None:
    for uid in sorted(outcome.open):
        job = read_job(outcome.last[uid])
        print_error(f"{job.name}: not there after {duration(seconds)}: {in_words(job)}")

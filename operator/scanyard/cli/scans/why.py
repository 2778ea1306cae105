"""`scanyard why`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from scanyard.cli import exit_codes
from scanyard.cli.access import Access, access_options
from scanyard.cli.ages import duration, parse_duration
from scanyard.cli.completing import scanjob_names
from scanyard.cli.formats import TABLE, document_option, print_document
from scanyard.cli.output import Waits, console, print_error, print_warning
from scanyard.cli.scans import why_screen
from scanyard.cli.scans.asking import Answer, ask
from scanyard.cli.scans.selection import selected
from scanyard.kube.errors import KubeNotFoundError, KubeRefusedError
from scanyard.lifecycle.job import read_job

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]


@click.command(epilog=exit_codes.EXPLAINED)
@click.argument("name", shell_complete=scanjob_names)
@click.option(
    "--timeout",
    metavar="DURATION",
    default="10s",
    show_default=True,
    help="Take what was told last if no operator answers for so long; exit code 3.",
)
@access_options()
@document_option
def why(*, name: str, timeout: str, access: Access, output: str) -> int:
    """Tell why a scan waits, as it is now: its place, what is in its way, and what to do.

    The operator is asked by an annotation, so that you need the right to change the ScanJob. Of a
    scan that runs or has ended it tells what happened.
    """
    seconds = parse_duration(timeout, "--timeout")
    api = access.api()
    jobs, _ = selected((name,), "", everything=False).read(api, access)
    if not jobs:
        return exit_codes.FAILED
    answer, code = _answer(api, jobs[0], seconds)
    if answer is None:
        return code
    job = read_job(answer.raw)
    if output == TABLE:
        why_screen.show(job, datetime.now(UTC), exact=answer.exact)
    else:
        print_document(why_screen.told(job, exact=answer.exact), output)
    return code


def _answer(api: Api, raw: Json, seconds: int) -> tuple[Answer | None, int]:
    """The best that can be had, and the exit code; says what it is not."""
    job = read_job(raw)
    try:
        answer = _asked(api, raw, seconds)
    except KubeNotFoundError:
        print_error(f"{job.name}: was deleted")
        return None, exit_codes.FAILED
    except KubeRefusedError as error:
        print_warning(f"the operator could not be asked, this is what was told last: {error}")
        return Answer(raw, exact=False), exit_codes.FAILED
    if answer.exact:
        return answer, exit_codes.OK
    print_warning(
        f"no operator answered within {duration(seconds)}, this is what was told last: see by "
        "`scanyard workers` whether one leads, and whether it watches this namespace"
    )
    return answer, exit_codes.TIMED_OUT


def _asked(api: Api, raw: Json, seconds: int) -> Answer:
    if not console(stderr=True).is_terminal:
        return ask(api, raw, seconds=seconds)
    with Waits().told("asking the operator"):
        return ask(api, raw, seconds=seconds)

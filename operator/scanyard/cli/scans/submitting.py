"""What becomes of a ScanJob's manifest: printed, sent, and waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scanyard.cli import exit_codes
from scanyard.cli.ages import duration
from scanyard.cli.formats import is_raw, print_object, print_table, reference
from scanyard.cli.output import print_error, print_line, print_remark
from scanyard.cli.scans import findings
from scanyard.cli.scans.goals import Goal
from scanyard.cli.scans.progress import in_words
from scanyard.cli.scans.state import phase_style, run_seconds
from scanyard.cli.scans.submit_options import CLIENT, SERVER, Common
from scanyard.cli.scans.wait import exit_code
from scanyard.cli.scans.waiting import wait_for
from scanyard.kube.errors import KubeNotFoundError
from scanyard.kube.resources import SCANJOBS
from scanyard.lifecycle.job import Job, read_job

if TYPE_CHECKING:
    from scanyard.cli.api import Api

Json = dict[str, Any]


def carry_out(common: Common, manifest: Json) -> int:
    """Returns the command's exit code."""
    if common.dry_run == CLIENT:
        _show(common, manifest, "created (client dry run)")
        return exit_codes.OK
    api = common.access.api()
    # A name that was made up is nobody's yet.
    before = _before(api, manifest) if common.name else None
    query = {"dryRun": "All"} if common.dry_run == SERVER else {}
    raw = api.apply(SCANJOBS, common.access.namespace, manifest, **query)
    word = _word(before, raw) + (" (server dry run)" if common.dry_run else "")
    if not common.wait:
        _show(common, raw, word)
        return exit_codes.OK
    print_remark(f"{reference(raw)} {word}")
    return _wait(api, common, raw)


def _show(common: Common, raw: Json, word: str) -> None:
    if is_raw(common.output):
        print_object(raw, common.output or "")
    else:
        print_line(f"{reference(raw)} {word}")


def _before(api: Api, manifest: Json) -> Json | None:
    try:
        return api.get(SCANJOBS, manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    except KubeNotFoundError:
        return None


def _word(before: Json | None, after: Json) -> str:
    """As `kubectl apply` says it."""
    if before is None or before["metadata"]["uid"] != after["metadata"]["uid"]:
        return "created"
    if before["metadata"].get("generation") != after["metadata"].get("generation"):
        return "configured"
    return "unchanged"


def _wait(api: Api, common: Common, raw: Json) -> int:
    namespace, uid = common.access.namespace, raw["metadata"]["uid"]
    outcome = wait_for(api, namespace, [raw], Goal.SUCCEEDED, seconds=common.wait_seconds)
    last = outcome.last[uid]
    job = read_job(last)
    if is_raw(common.output):
        print_object(last, common.output or "")
    elif uid not in outcome.open:
        print_result(job)
    if outcome.timed_out:
        print_error(
            f"{job.name}: not finished after {duration(common.wait_seconds or 0)}: "
            f"{in_words(job)}; it goes on, and `scanyard wait {job.name}` waits again"
        )
    return exit_code(outcome)


def print_result(job: Job) -> None:
    """What a finished scan found, and how it ended."""
    summary = job.status.summary or {}
    if rows := findings.rows(summary):
        print_table(findings.COLUMNS, rows)
        print_line("")
    ran = run_seconds(job, job.status.finished_at or job.created)
    took = "" if ran is None else f" after {duration(ran)}"
    found = f": {findings.in_brief(summary)}" if summary else ""
    phase = job.status.phase if job.status.phase == "Succeeded" else in_words(job)
    print_line(f"{job.name}: {phase}{took}{found}", phase_style(job.status.phase))

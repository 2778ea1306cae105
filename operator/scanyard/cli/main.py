"""Entry point of the `scanyard` command, which is also `kubectl scanyard`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from scanyard.cli import exit_codes
from scanyard.cli.groups import COMPLETE_VARIABLE, Entry
from scanyard.cli.output import print_error
from scanyard.cli.placing import RootGroup, shown_options
from scanyard.errors import InvalidInputError, ScanyardError
from scanyard.kube.errors import KubeUnavailableError, NoClusterError, NotServedError

#: By section of the help: the command, where it is, and what the list of commands says of it.
_COMMANDS: Final = {
    "Scans": {
        "submit": Entry("scanyard.cli.scans.submit:submit", "Start a scan with nmap or masscan."),
        "list": Entry("scanyard.cli.scans.listing:list_scans", "List scans."),
        "status": Entry("scanyard.cli.scans.status:status", "Show all about scans."),
        "why": Entry("scanyard.cli.scans.why:why", "Tell why a scan waits, as it is now."),
        "wait": Entry("scanyard.cli.scans.wait:wait", "Wait until scans are finished."),
        "logs": Entry("scanyard.cli.scans.logs:logs", "Print a scan's log, or its findings."),
        "cancel": Entry("scanyard.cli.scans.changes:cancel", "Stop scans for good."),
        "suspend": Entry("scanyard.cli.scans.changes:suspend", "Stop scans until resumed."),
        "resume": Entry("scanyard.cli.scans.changes:resume", "Let suspended scans go on."),
        "rerun": Entry("scanyard.cli.scans.changes:rerun", "Run finished scans again."),
        "cleanup": Entry("scanyard.cli.scans.cleanup:cleanup", "Delete old finished scans."),
    },
    "Overview": {
        "top": Entry("scanyard.cli.overview.top:top", "Watch queues and scans live."),
        "stats": Entry("scanyard.cli.overview.stats:stats", "Outcomes, waits and run times."),
        "workers": Entry("scanyard.cli.overview.workers:workers", "Operators, and scans by node."),
        "queue": Entry("scanyard.cli.queues.group:queue", "Look at and change queues."),
    },
    "Installation": {
        "operator": Entry("scanyard.cli.operator:operator", "Run the operator."),
        "release": Entry(
            "scanyard.cli.release:release", "Free the slot of a scan that was lost with its node."
        ),
        "setup-queues": Entry(
            "scanyard.cli.setup_queues:setup_queues", "Create or update ScanQueues from a list."
        ),
        "setup-redis-secret": Entry(
            "scanyard.cli.setup_redis_secret:setup_redis_secret",
            "Create the password Secret of the bundled Redis.",
        ),
        "self-test": Entry(
            "scanyard.cli.self_test:self_test", "What `helm test` runs: a scan of this Pod."
        ),
        "stop": Entry("scanyard.cli.stop:stop", "Emergency stop: hold queues, end all scans."),
        "completion": Entry(
            "scanyard.cli.completion:completion", "Print a shell's completion script."
        ),
        "version": Entry("scanyard.cli.version:version", "Print the version."),
    },
}

#: The first that an error is an instance of counts.
_CODES: Final[dict[type[ScanyardError], int]] = {
    InvalidInputError: exit_codes.USAGE,
    NotServedError: exit_codes.FAILED,
    KubeUnavailableError: exit_codes.UNREACHABLE,
    NoClusterError: exit_codes.UNREACHABLE,
    ScanyardError: exit_codes.FAILED,
}


@click.group(
    cls=RootGroup,
    sections=_COMMANDS,
    params=shown_options(),
    epilog=exit_codes.EXPLAINED,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def cli() -> None:
    """Scanyard: a scan queue for Kubernetes."""


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with one of `exit_codes`."""
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        result = cli.main(
            arguments,
            prog_name=_program(),
            complete_var=COMPLETE_VARIABLE,
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return exit_codes.INTERRUPTED
    except ScanyardError as error:
        print_error(str(error))
        return next(code for kind, code in _CODES.items() if isinstance(error, kind))
    return result if isinstance(result, int) else exit_codes.OK


def _program() -> str:
    """As it was called, for the help: kubectl runs its plugins by the name kubectl-scanyard."""
    called = Path(sys.argv[0]).name
    return "kubectl scanyard" if called.startswith("kubectl") else "scanyard"

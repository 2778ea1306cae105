"""`make demo`: a cluster, Scanyard on it, targets, scans, and whether they found what is there."""

import os
import shutil
import signal
import subprocess
import sys
import time

from rich.console import Console

from tests.cluster import settings
from tests.cluster.console import paint, say, step
from tests.cluster.errors import ClusterError
from tests.cluster.settings import Settings
from tests.demo import chart, evidence, known, scans, table, targets, watch
from tests.demo.known import Verdict
from tests.demo.tools import DemoError, Tools, cluster_command
from tests.support import release


def main() -> int:
    """Exit status 0: every ScanJob found exactly what is known."""
    # So that "kill" cleans up like Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _demo(settings.from_environment(os.environ))
    except ClusterError as error:
        say(f"{paint('error:', 31)} {error}")
    except subprocess.CalledProcessError:
        return 1  # it has told the reason itself
    except KeyboardInterrupt:
        say("interrupted; make demo goes on, make clean-cluster removes everything")
        return 130
    return 1


def _demo(chosen: Settings) -> int:
    started = time.monotonic()
    console = Console(width=table.WIDTH, highlight=False)
    tools = _prepare(chosen, console)
    try:
        verdicts = _scan(tools, console)
    except DemoError:
        say(f"  - what the cluster says is kept in {evidence.save(chosen, tools)}")
        raise
    wrong = [verdict for verdict in verdicts if not verdict.right]
    for verdict in wrong:
        console.print(f"{verdict.name}: {verdict.phase} {verdict.message}")
    _look_around(chosen, tools)
    took = time.monotonic() - started
    if wrong:
        say(paint(f"{len(wrong)} of {len(verdicts)} ScanJobs are wrong ({took:.0f} s)", 31))
        say(f"What the cluster says is kept in {evidence.save(chosen, tools)}")
        return 1
    say(paint(f"All {len(verdicts)} ScanJobs found exactly the known ports ({took:.0f} s)", 32))
    return 0


def _prepare(chosen: Settings, console: Console) -> Tools:
    """The cluster, and Scanyard on it."""
    _heading("1/5", "A cluster, and the images of this checkout in it")
    cluster_command("up")
    sizes = cluster_command("images")
    console.print(*(f"    {line}" for line in sizes.splitlines()), sep="\n")
    tools = Tools.find(chosen)
    _heading("2/5", f"Scanyard itself: Helm release {release.NAME} in {release.NAMESPACE}")
    with step("installing the chart and waiting until it is ready"):
        chart.install(chosen, tools)
    return tools


def _scan(tools: Tools, console: Console) -> list[Verdict]:
    """The targets, the scans, and what came of them."""
    _heading("3/5", f"Targets whose open ports are known, in namespace {scans.NAMESPACE}")
    with step("starting the targets"):
        targets.start(tools)
    addresses = targets.by_address(tools)
    _heading("4/5", "Scans: the queues and ScanJobs from examples/")
    with step("applying examples/"):
        scans.apply_examples(tools)
    finished = watch.until_finished(tools, addresses, console)
    _heading("5/5", "What the scans found, and what is really there")
    verdicts = known.judge(finished)
    console.print(table.verdict_table(verdicts))
    return verdicts


def _heading(number: str, text: str) -> None:
    say(f"\n{paint(number, 1)} {paint(text, 1)}")


def _look_around(chosen: Settings, tools: Tools) -> None:
    """How to go on, and how to get rid of everything."""
    # A kubectl of our own making is not on the user's PATH.
    on_path = "" if shutil.which("kubectl") else f"export PATH=$PATH:{chosen.tools}\n  "
    say(
        f"""Look around:
  {on_path}export KUBECONFIG={tools.kubeconfig}
  kubectl get scanqueues,scanjobs -n {scans.NAMESPACE}
  kubectl get scanjob first-scan -n {scans.NAMESPACE} -o yaml
  kubectl get pods -n {scans.NAMESPACE}
  kubectl logs deployment/{release.NAME} -n {release.NAMESPACE}
Remove it:"""
    )
    if chosen.existing_kubeconfig is None:
        say("  make clean-cluster")
        return
    say(
        f"""  kubectl delete namespace {scans.NAMESPACE}
  helm uninstall {release.NAME} -n {release.NAMESPACE}
  kubectl delete namespace {release.NAMESPACE}
  kubectl delete crd scanjobs.scanyard.dev scanqueues.scanyard.dev"""
    )


if __name__ == "__main__":
    sys.exit(main())

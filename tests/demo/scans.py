"""The ScanJobs of examples/: applied anew, read, and turned into what a person wants to see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.cluster.settings import REPOSITORY
from tests.demo.tools import Tools

NAMESPACE: Final = "scanyard-demo"
EXAMPLES: Final = REPOSITORY / "examples"
QUEUES: Final = EXAMPLES / "queues.yaml"

_NEVER_STARTED: Final = {"Pending", "Queued"}


@dataclass(frozen=True, slots=True)
class Scan:
    """One ScanJob.

    found: "web 80/tcp" for an open port, "web 22/tcp closed" for one that the scanner names as
        closed (nmap does where they are few), and of a Discovery "web" for a host that is up.
    counted: such as "2 open", of a Discovery "3 up"; empty until it has finished.
    """

    name: str
    queue: str
    priority: int
    how: str
    phase: str
    progress: int | None
    finished: bool
    found: frozenset[str]
    counted: str
    message: str

    @property
    def waiting(self) -> bool:
        return self.phase in _NEVER_STARTED

    @property
    def running(self) -> bool:
        return not self.finished and not self.waiting


def apply_examples(tools: Tools) -> None:
    """Takes the ScanJobs of an earlier run away and applies examples/ again.

    The queues come last: a ScanJob waits for its queue, so all of them stand in line before the
    first one starts, and the order in which they start is the order of their priorities.
    """
    here = f"--namespace={NAMESPACE}"
    what = "applying examples/"
    tools.kubectl("delete", here, "--ignore-not-found", "-f", EXAMPLES, what=what)
    for path in sorted(EXAMPLES.glob("*.yaml"), key=lambda path: (path == QUEUES, path)):
        tools.kubectl("apply", here, "-f", path, what=what)


def read(tools: Tools, targets: Mapping[str, str]) -> list[Scan]:
    """All ScanJobs of the demo, by queue and priority. `targets` are names by address."""
    items = tools.get("scanjobs.scanyard.dev", f"--namespace={NAMESPACE}")
    return sorted(
        (parse(item, targets) for item in items),
        key=lambda scan: (scan.queue, -scan.priority, scan.name),
    )


def parse(item: Mapping[str, Any], targets: Mapping[str, str]) -> Scan:
    """From the raw ScanJob."""
    spec, status = item["spec"], item.get("status", {})
    summary = status.get("summary") or {}
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    finished = conditions.get("Finished", {})
    current = finished or conditions.get("Reconciling") or {}
    return Scan(
        name=item["metadata"]["name"],
        queue=spec.get("queueRef", {}).get("name", "default"),
        priority=spec.get("priority", 0),
        how=_how(spec),
        phase=status.get("phase", "Pending"),
        progress=status.get("progress"),
        finished=finished.get("status") == "True",
        found=_found(spec, summary, targets),
        counted=_counted(spec, summary),
        message=current.get("message", ""),
    )


def _how(spec: Mapping[str, Any]) -> str:
    """The scanner and its technique, such as "nmap Syn" or "masscan UDP"."""
    if spec["scanner"] == "masscan":
        return "masscan UDP" if "udp" in spec.get("ports", {}) else "masscan"
    technique = spec.get("nmap", {}).get("technique", "Connect")
    return f"nmap {technique}"


def _discovers(spec: Mapping[str, Any]) -> bool:
    technique: str = spec.get("nmap", {}).get("technique", "")
    return technique == "Discovery"


def _counted(spec: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    if not summary:
        return ""
    return f"{summary['hostsUp']} up" if _discovers(spec) else f"{summary['openPorts']} open"


def _found(
    spec: Mapping[str, Any], summary: Mapping[str, Any], targets: Mapping[str, str]
) -> frozenset[str]:
    hosts = [
        (targets.get(host["address"], host["address"]), host) for host in summary.get("hosts", ())
    ]
    if _discovers(spec):
        return frozenset(name for name, host in hosts if host.get("state") == "up")
    return frozenset(
        f"{name} {_port(port)}" for name, host in hosts for port in host.get("ports", ())
    )


def _port(port: Mapping[str, Any]) -> str:
    """Such as "80/tcp" if it is open, else with its state: "80/tcp closed"."""
    text = f"{port['port']}/{port['protocol']}"
    return text if port.get("state") == "open" else f"{text} {port.get('state')}"

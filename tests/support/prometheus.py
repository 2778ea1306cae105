"""A Prometheus of the tests' own on loopback, which scrapes the operator's Pods of a real cluster.

They are found as by the chart's ServiceMonitor: the endpoints of the metrics Service, with the
same labels; so a Pod that is gone, or not ready, is to it what it is in production. Only the way
differs: this machine is not in the Pod network, and asks through the API server.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import urllib3

from tests.support.installation import NAMESPACE, RELEASE
from tests.support.kube import Cluster, eventually
from tests.support.redis_server import free_port

#: Scrapes and evaluations this often. A scrape may take as long; a busy machine needs some of it.
INTERVAL_SECONDS: Final = 2
#: Prometheus takes news of its targets every 5 s.
_FOUND_SECONDS: Final = 60.0
_DISCOVERY_SECONDS: Final = 1.0
_START_SECONDS: Final = 60.0

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """Labels, and (unix time, value) of each sample; an instant query gives one sample."""

    labels: Labels
    samples: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """The newest."""
        return self.samples[-1][1]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that is pending or firing."""

    name: str
    state: str
    labels: Labels
    annotations: Labels


class Prometheus:
    """Use as a context manager; what it starts ends with it, and with the process at the latest.

    `scrapes` are items of scrape_configs, `rules` the text of a rule file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        scrapes: Sequence[Mapping[str, Any]],
        rules: str = "",
        seconds: int = INTERVAL_SECONDS,
    ) -> None:
        self._folder = folder
        self._scrapes = list(scrapes)
        self._rules = rules
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._pool = urllib3.PoolManager(retries=False, timeout=30)
        self._url = ""

    def __enter__(self) -> Self:
        program = shutil.which("prometheus")
        if program is None:
            raise RuntimeError(
                "prometheus is missing; install it with "
                "`apt-get install --no-install-recommends prometheus`"
            )
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        # JSON is YAML.
        configuration = self._folder / "prometheus.yml"
        configuration.write_text(json.dumps(self._configuration()))
        words = ["setpriv", "--pdeathsig", "KILL", program, f"--config.file={configuration}"]
        words += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        words += [f"--storage.tsdb.path={self._folder / 'data'}"]
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            self._wait_ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def query(self, expression: str, at: float | None = None) -> list[Series]:
        """An instant vector, now or at a unix time."""
        when = {} if at is None else {"time": str(at)}
        found = self._get("query", query=expression, **when)["result"]
        return [Series(item["metric"], _samples([item["value"]])) for item in found]

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The values between two unix times, each `step` seconds."""
        asked = {"query": expression, "start": str(start), "end": str(end), "step": str(step)}
        found = self._get("query_range", **asked)["result"]
        return [Series(item["metric"], _samples(item["values"])) for item in found]

    def alerts(self) -> list[Alert]:
        """All that are pending or firing."""
        return [
            Alert(item["labels"]["alertname"], item["state"], item["labels"], item["annotations"])
            for item in self._get("alerts")["alerts"]
        ]

    def firing(self, name: str, **labels: str) -> list[Alert]:
        """Those of that name that fire and have these labels."""
        return [
            alert
            for alert in self.alerts()
            if (alert.name, alert.state) == (name, "firing")
            and labels.items() <= alert.labels.items()
        ]

    def wait_firing(self, name: str, *, seconds: float, **labels: str) -> Alert:
        """Wait until it fires with these labels."""
        found = eventually(
            lambda: (self.firing(name, **labels), self._pending()),
            lambda told: bool(told[0]),
            seconds=seconds,
            every=0.5,
        )
        return found[0][0]

    def wait_resolved(self, name: str, *, seconds: float, **labels: str) -> None:
        """Wait until none of that name and these labels fires."""
        eventually(
            lambda: self.firing(name, **labels), lambda told: not told, seconds=seconds, every=0.5
        )

    def ever_fired(self, name: str) -> list[Series]:
        """The alerts of that name that have fired at any time since it runs."""
        return self.query(f'last_over_time(ALERTS{{alertname="{name}",alertstate="firing"}}[1d])')

    def rules(self) -> list[Mapping[str, Any]]:
        """All rules as `/api/v1/rules` tells of them, with their health and last error."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def targets(self) -> list[Mapping[str, Any]]:
        """What it scrapes, with the health of each."""
        found: list[Mapping[str, Any]] = self._get("targets", state="active")["activeTargets"]
        return found

    def wait_scraped(self, count: int) -> None:
        """Wait until so many targets are there, and each was scraped well at last."""
        eventually(
            lambda: [(target["health"], target["lastError"]) for target in self.targets()],
            lambda found: [health for health, _ in found] == ["up"] * count,
            seconds=_FOUND_SECONDS,
            every=0.5,
        )

    def _configuration(self) -> dict[str, Any]:
        often = f"{self._seconds}s"
        rules = self._folder / "rules.yaml"
        rules.write_text(self._rules or "groups: []\n")
        return {
            "global": {
                "scrape_interval": often,
                "scrape_timeout": often,
                "evaluation_interval": often,
            },
            "rule_files": [str(rules)],
            "scrape_configs": self._scrapes,
        }

    def _pending(self) -> list[str]:
        return sorted(f"{alert.name} {alert.state}" for alert in self.alerts())

    def _get(self, what: str, **query: str) -> dict[str, Any]:
        answer = self._pool.request("GET", f"{self._url}/api/v1/{what}", fields=query)
        told = json.loads(answer.data)
        assert told["status"] == "success", f"{what} {query}: {told.get('error')}"
        data: dict[str, Any] = told["data"]
        return data

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                log = (self._folder / "prometheus.log").read_text()[-2000:]
                raise RuntimeError(f"prometheus did not start:\n{log}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self._pool.request("GET", f"{self._url}/-/ready").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _stop(self) -> None:
        self._pool.clear()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def watching_installation(
    cluster: Cluster, folder: Path, rules: str = "", *, seconds: int = INTERVAL_SECONDS
) -> Iterator[Prometheus]:
    """Prometheus that scrapes every operator Pod of the tests' release."""
    with (
        operators_of(cluster, folder, NAMESPACE, RELEASE) as scrape,
        Prometheus(folder, scrapes=[scrape], rules=rules, seconds=seconds) as prometheus,
    ):
        yield prometheus


@contextmanager
def operators_of(
    cluster: Cluster, folder: Path, namespace: str, release: str
) -> Iterator[dict[str, Any]]:
    """A scrape_config by which the operators of a release are found as long as this is open.

    Debian builds Prometheus without Kubernetes' service discovery, so that is done here, and told
    to it by a file: which Pods stand behind the metrics Service.
    """
    told = folder / f"operators-{namespace}-{release}.json"
    over = threading.Event()

    def tell() -> None:
        before: list[Any] | None = None
        while not over.is_set():
            # One that cannot be asked has no news: what was known stays.
            with suppress(urllib3.exceptions.HTTPError, AssertionError):
                found = _behind_service(cluster, namespace, f"{release}-metrics")
                if found != before:
                    _write_whole(told, json.dumps(found))
                    before = found
            over.wait(_DISCOVERY_SECONDS)

    thread = threading.Thread(target=tell, name=f"operators of {release}", daemon=True)
    thread.start()
    try:
        yield {
            "job_name": f"serviceMonitor/{namespace}/{release}/0",
            "file_sd_configs": [{"files": [str(told)]}],
            **_as_in_kubeconfig(cluster),
        }
    finally:
        over.set()
        thread.join()


def _behind_service(cluster: Cluster, namespace: str, service: str) -> list[dict[str, Any]]:
    """Targets with the labels that the Prometheus operator's ServiceMonitors give."""
    pods = f"/api/v1/namespaces/{namespace}/pods"
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    reply = cluster.request("GET", path, labelSelector=f"kubernetes.io/service-name={service}")
    return [
        {
            "targets": [cluster.host.removeprefix("https://")],
            "labels": {
                "__metrics_path__": f"{pods}/{pod}:{port}/proxy/metrics",
                "namespace": namespace,
                "service": service,
                "job": service,
                "pod": pod,
                "container": "operator",
                "endpoint": "metrics",
                "instance": f"{endpoint['addresses'][0]}:{port}",
            },
        }
        for endpoints in reply.expect()["items"]
        for port in (each["port"] for each in endpoints["ports"] or () if each["name"] == "metrics")
        for endpoint in endpoints["endpoints"] or ()
        for pod in [endpoint["targetRef"]["name"]]
    ]


def _write_whole(path: Path, text: str) -> None:
    """Never seen half written."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _as_in_kubeconfig(cluster: Cluster) -> dict[str, Any]:
    """Scheme and credentials of the kubeconfig, as files that its client has made of them."""
    files = cluster.pool.connection_pool_kw
    names = {"ca_file": "ca_certs", "cert_file": "cert_file", "key_file": "key_file"}
    tls = {ours: str(files[theirs]) for ours, theirs in names.items() if files.get(theirs)}
    found: dict[str, Any] = {"scheme": "https", "tls_config": tls}
    if authorization := cluster.headers.get("Authorization"):
        kind, _, credentials = authorization.partition(" ")
        found["authorization"] = {"type": kind, "credentials": credentials}
    return found


def _samples(pairs: Sequence[Sequence[Any]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(when), float(value)) for when, value in pairs)

"""The Pod of an attempt: no more rights than needed, and names pinned to what was judged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scanyard.controller.context import Context
from scanyard.controller.pods.build import attempt_pod, tombstone_pod
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.pods.command import command_for
from scanyard.lifecycle.queue import read_queue
from scanyard.lifecycle.targets.scope import DenyList
from scanyard.runner.own_lines import LOG_ABOUT
from scanyard.settings import LogFormat, Settings
from tests.support.objects import NOW, open_attempt, raw_job, raw_queue

RESOLVED = {"web.team.svc": ("198.18.0.7", "198.18.0.8")}


@pytest.fixture
def context() -> Context:
    unused: Any = None
    return Context(
        Settings(), kube=unused, ledger=unused, fence=7, deny=DenyList(()), now=lambda: NOW
    )


def build(
    context: Context,
    recorded: dict[str, Any] | None = None,
    queue: dict[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """The Pod of an attempt whose admission recorded these fields."""
    job = read_job(
        raw_job(status=open_attempt(**(recorded or {})), targets=["web.team.svc"], **spec)
    )
    attempt = job.status.open_attempt
    assert attempt is not None
    command = command_for(job.spec, exclude=(), resolved=RESOLVED)
    return attempt_pod(
        context, job, attempt, read_queue(raw_queue(**(queue or {}))), command, RESOLVED
    )


def test_connect_scan_adds_no_capability(context: Context) -> None:
    security = build(context)["spec"]["containers"][0]["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True


def test_raw_scan_adds_net_raw_and_nothing_else(context: Context) -> None:
    security = build(context, nmap={"technique": "Syn"})["spec"]["containers"][0]["securityContext"]
    assert security["capabilities"] == {"drop": ["ALL"], "add": ["NET_RAW"]}


def test_names_are_pinned_and_no_other_name_resolves(context: Context) -> None:
    spec = build(context)["spec"]
    assert spec["hostAliases"] == [
        {"ip": "198.18.0.7", "hostnames": ["web.team.svc"]},
        {"ip": "198.18.0.8", "hostnames": ["web.team.svc"]},
    ]
    assert (spec["dnsPolicy"], spec["dnsConfig"]) == ("None", {"nameservers": ["127.0.0.1"]})


def test_the_timeout_is_the_kubelets(context: Context) -> None:
    spec = build(context, recorded={"timeoutSeconds": 88}, timeoutSeconds=77)["spec"]
    assert spec["activeDeadlineSeconds"] == 88
    assert "--timeout-seconds=88" in spec["containers"][0]["args"]
    assert spec["restartPolicy"] == "Never"
    assert spec["automountServiceAccountToken"] is False


def test_where_the_operator_logs_json_the_runner_does_about_the_attempt() -> None:
    unused: Any = None
    settings = Settings(log_format=LogFormat.JSON)
    context = Context(
        settings, kube=unused, ledger=unused, fence=7, deny=DenyList(()), now=lambda: NOW
    )
    pod = build(context, recorded={"fence": 5})
    (variable,) = pod["spec"]["containers"][0]["env"]
    labels, about = pod["metadata"]["labels"], json.loads(variable["value"])
    assert variable["name"] == LOG_ABOUT
    assert about["scanjob"]["uid"] == labels["scanyard.dev/uid"]
    assert str(about["attempt"]) == labels["scanyard.dev/attempt"]
    assert (about["pod"], about["fence"]) == (pod["metadata"]["name"], 5)
    namespace, name = pod["metadata"]["annotations"]["scanyard.dev/queue"].split("/")
    assert about["queue"] == {"namespace": namespace, "name": name}


def test_else_the_pod_has_no_variables(context: Context) -> None:
    assert "env" not in build(context)["spec"]["containers"][0]


def test_tombstone_takes_the_name_never_runs_and_outlives_its_scanjob(context: Context) -> None:
    job = read_job(raw_job(status=open_attempt()))
    attempt = job.status.open_attempt
    assert attempt is not None
    pod = tombstone_pod(context, job, attempt)
    assert pod["metadata"]["name"] == attempt.pod_name
    assert pod["spec"]["schedulingGates"]
    assert "ownerReferences" not in pod["metadata"]

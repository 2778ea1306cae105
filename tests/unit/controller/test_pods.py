"""The Pod of an attempt: no more rights than needed, and names pinned to what was judged."""

from __future__ import annotations

from typing import Any

import pytest

from scanyard.controller.context import Context
from scanyard.controller.pods import attempt_pod, tombstone_pod
from scanyard.lifecycle.command import command_for
from scanyard.lifecycle.job import read_job
from scanyard.lifecycle.scope import DenyList
from scanyard.settings import Settings
from tests.support.objects import NOW, open_attempt, raw_job

RESOLVED = {"web.team.svc": ("198.18.0.7", "198.18.0.8")}


@pytest.fixture
def context() -> Context:
    unused: Any = None
    return Context(
        Settings(), kube=unused, ledger=unused, fence=7, deny=DenyList(()), now=lambda: NOW
    )


def build(context: Context, **spec: Any) -> dict[str, Any]:
    job = read_job(raw_job(status=open_attempt(), targets=["web.team.svc"], **spec))
    attempt = job.status.open_attempt
    assert attempt is not None
    command = command_for(job.spec, exclude=(), resolved=RESOLVED)
    return attempt_pod(context, job, attempt, command, RESOLVED)


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
    spec = build(context, timeoutSeconds=77)["spec"]
    assert spec["activeDeadlineSeconds"] == 77
    assert spec["restartPolicy"] == "Never"
    assert spec["automountServiceAccountToken"] is False


def test_tombstone_takes_the_name_never_runs_and_outlives_its_scanjob(context: Context) -> None:
    job = read_job(raw_job(status=open_attempt()))
    attempt = job.status.open_attempt
    assert attempt is not None
    pod = tombstone_pod(context, job, attempt)
    assert pod["metadata"]["name"] == attempt.pod_name
    assert pod["spec"]["schedulingGates"]
    assert "ownerReferences" not in pod["metadata"]

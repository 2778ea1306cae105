"""With a tenant's own rights everything of a tenant's works, and the rest is told clearly."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.cli.people.conftest import TENANT, Yard


def test_queues_are_the_platforms(yard: Yard) -> None:
    assert yard.platform("queue", "create", "fast", "--limit", "3", "--aging", "10m").code == 0
    assert yard.platform("queue", "create", "fast").code == 1
    listed = yard.tenant("queue", "list")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == ["NAME", "default", "fast"]
    refused = yard.tenant("queue", "edit", "fast", "--limit", "99")
    assert (refused.code, refused.out) == (1, "")
    assert 'cannot patch resource "scanqueues"' in refused.err
    assert "give this account the verb" in refused.err
    assert yard.namespace.get("scanqueues", "fast")["spec"]["maxConcurrent"] == 3


def test_a_platform_holds_drains_releases_and_edits(yard: Yard) -> None:
    def policy() -> str:
        return str(yard.namespace.get("scanqueues", "default")["spec"]["stopPolicy"])

    assert yard.platform("queue", "hold", "default").out == "default: held\n"
    assert policy() == "Hold"
    yard.platform("queue", "drain", "default")
    assert policy() == "HoldAndDrain"
    assert "HoldAndDrain" in yard.tenant("queue", "status").out
    yard.platform("queue", "release", "default")
    assert policy() == "None"
    edited = yard.platform("queue", "edit", "default", "--limit", "9", "--aging", "0")
    assert edited.out == "default: maxConcurrent is 9, agingSeconds is 0\n"
    beyond = yard.platform("queue", "edit", "default", "--limit", "-1")
    assert (beyond.code, beyond.err.startswith("Error: spec.maxConcurrent: should be ")) == (
        1,
        True,
    )
    assert yard.platform("queue", "edit", "default").code == 2
    assert yard.platform("queue", "edit", "nope", "--limit", "1").code == 1


def test_a_release_under_an_emergency_stop_says_that_it_is_still_held(yard: Yard) -> None:
    notes = {"metadata": {"annotations": {"scanyard.dev/stop": "2026-03-01T12:00:00Z"}}}
    yard.namespace.patch("scanqueues", "default", notes).expect()
    assert "EmergencyStop" in yard.tenant("queue", "list").out
    ended = yard.platform("queue", "release", "default")
    assert (ended.code, "still held by an emergency stop" in ended.err) == (0, True)


def test_other_namespaces_are_closed_to_a_tenant(yard: Yard) -> None:
    for arguments in (("list", "-A"), ("list", "-n", "kube-system"), ("stats", "-A")):
        ended = yard.tenant(*arguments)
        assert (ended.code, ended.out) == (1, ""), arguments
        assert "is forbidden" in ended.err
    assert yard.platform("list", "-A").code == 0


def test_workers_say_what_may_not_be_seen_and_show_the_rest(yard: Yard) -> None:
    yard.job("web")
    yard.operator.running("web", percent=10)
    ended = yard.tenant("workers")
    assert ended.code == 0
    assert "the operator's Pods are not shown: " in ended.err
    assert "the leader is not shown: " in ended.err
    assert "web" in ended.out
    assert yard.tenant("workers", "-o", "json").json["operators"] is None


def test_without_any_right_nothing_is_done(yard: Yard) -> None:
    yard.job("web")
    for arguments in (
        ("list",),
        ("cancel", "web"),
        ("submit", "nmap", "192.0.2.1"),
        ("wait", "web"),
    ):
        ended = yard.stranger(*arguments)
        assert ended.code == 1, arguments
        assert 'User "stranger" cannot' in ended.err
    assert yard.spec("web")["cancel"] is False


def test_credentials_that_are_not_taken_exit_with_4(yard: Yard) -> None:
    path = yard.kubeconfig("nobody")
    ended = yard.tenant("list", "--kubeconfig", str(path))
    assert (ended.code, "log in again" in ended.err) == (4, True)


def test_a_context_that_is_not_there_is_named(yard: Yard) -> None:
    ended = yard.tenant("list", "--context", "elsewhere")
    assert ended.code == 4
    assert "elsewhere" in ended.err


def test_a_plugin_gives_credentials_or_its_failure_is_told(yard: Yard, tmp_path: Path) -> None:
    token = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "of-tenant"},
    }
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(token))

    def by(*command: str) -> str:
        config = json.loads(yard.kubeconfig(TENANT).read_text())
        plugin = {
            "apiVersion": token["apiVersion"],
            "command": command[0],
            "args": command[1:],
            "interactiveMode": "Never",
        }
        config["users"][0]["user"] = {"exec": plugin}
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        return str(path)

    assert yard.tenant("list", "--kubeconfig", by("cat", str(answer))).code == 0
    failed = yard.tenant("list", "--kubeconfig", by("false"))
    assert (failed.code, failed.out) == (4, "")
    assert failed.err.startswith("Error: the kubeconfig gives no credentials (exec: ")
    assert failed.err.count("\n") == 1


def test_the_platform_changes_what_a_queue_limits_and_takes_it_away_again(yard: Yard) -> None:
    yard.platform("queue", "create", "office", "--max-timeout", "2h", "--deny", "none")
    changed = yard.platform(
        "queue", "edit", "office", "--rate", "2000", "--per-node", "2", "--timeout-policy",
        "adaptive", "--max-addresses", "256", "--allow", "192.0.2.0/24,*.example.com",
    )  # fmt: skip
    assert (changed.code, changed.err) == (0, "")
    assert "limits.maxAddresses is 256" in changed.out
    spec = yard.namespace.get("scanqueues", "office")["spec"]
    assert spec["limits"] == {"maxTimeoutSeconds": 7200, "maxAddresses": 256}
    assert (spec["packetsPerSecond"], spec["maxConcurrentPerNode"]) == (2000, 2)
    assert spec["defaults"] == {"timeoutPolicy": "Adaptive"}
    assert spec["scope"] == {"allow": ["192.0.2.0/24", "*.example.com"]}

    shown = yard.tenant("queue", "status", "office").out
    for line in ("Allows:     192.0.2.0/24, *.example.com", "Per node:   at most 2 scans"):
        assert f"{line}\n" in shown
    assert max(map(len, shown.splitlines())) <= 80

    yard.platform("queue", "edit", "office", "--per-node", "none", "--max-timeout", "none")
    spec = yard.namespace.get("scanqueues", "office")["spec"]
    assert "maxConcurrentPerNode" not in spec
    assert spec["limits"] == {"maxAddresses": 256}

    refused = yard.platform("queue", "edit", "office", "--max-timeout", "1h", "--min-timeout", "2h")
    assert refused.code == 1
    assert "no timeout is within these limits" in refused.err


def test_flags_before_the_command_reach_the_cluster_as_those_behind_it(yard: Yard) -> None:
    name = yard.namespace.name
    assert yard.platform("-n", "default", "queue", "list", "-o", "name").out == ""
    listed = yard.platform("-n", name, "queue", "list", "-o", "name").out
    assert listed == "scanqueue.scanyard.dev/default\n"
    everywhere = yard.platform("-A", "queue", "list", "-o", "json")
    found = {item["metadata"]["namespace"] for item in json.loads(everywhere.out)["items"]}
    assert name in found

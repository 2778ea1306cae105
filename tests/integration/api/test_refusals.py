"""What the API server refuses, and that it says what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.kube import Namespace
from tests.support.resources import scan_job, scan_queue

MANY_PORTS = ",".join(str(number) for number in range(1, 1002))

JOBS: list[tuple[dict[str, Any], str]] = [
    # Required and unknown values.
    ({"scanner": None}, "spec.scanner: Required value"),
    ({"targets": None}, "spec.targets: Required value"),
    ({"targets": []}, "spec.targets in body should have at least 1 items"),
    ({"scanner": "zmap"}, 'supported values: "nmap", "masscan"'),
    ({"scanner": "Nmap"}, 'supported values: "nmap", "masscan"'),
    (
        {"nmap": {"technique": "Xmas"}},
        'spec.nmap.technique: Unsupported value: "Xmas": supported values: "Connect", "Syn"',
    ),
    ({"nmap": {"timing": "T4"}}, "spec.nmap.timing: Unsupported value"),
    ({"nmap": {"scriptCategories": ["Brute"]}}, "spec.nmap.scriptCategories[0]: Unsupported value"),
    ({"nmap": {"scriptCategories": ["Safe", "Safe"]}}, "Duplicate value"),
    ({"queueRef": {"name": ""}}, "spec.queueRef.name in body should be at least 1 chars long"),
    ({"queueRef": {"namespace": "a/b"}}, "spec.queueRef.namespace in body should match"),
    ({"queueRef": {"namespace": "Team"}}, "spec.queueRef.namespace in body should match"),
    ({"queueRef": {"namespace": "x" * 64}}, "spec.queueRef.namespace: Too long"),
    # Numbers out of range.
    ({"timeoutSeconds": 4}, "should be greater than or equal to 5"),
    ({"timeoutSeconds": 1_209_601}, "should be less than or equal to 1209600"),
    ({"timeoutPolicy": "adaptive"}, 'supported values: "Fixed", "Adaptive"'),
    (
        {"timeoutPolicy": "Adaptive", "timeoutSeconds": 60},
        "timeoutPolicy Adaptive reckons the timeout: remove timeoutSeconds, or set timeoutPolicy",
    ),
    ({"timeoutSeconds": "1h"}, 'spec.timeoutSeconds in body must be of type integer: "string"'),
    ({"priority": 101}, "spec.priority in body should be less than or equal to 100"),
    ({"priority": -101}, "spec.priority in body should be greater than or equal to -100"),
    ({"nmap": {"packetsPerSecond": 0}}, "should be greater than or equal to 1"),
    ({"nmap": {"packetsPerSecond": 1_000_001}}, "should be less than or equal to 1000000"),
    ({"nmap": {"maxRetries": -1}}, "should be greater than or equal to 0"),
    ({"nmap": {"hostTimeoutSeconds": 4}}, "should be greater than or equal to 5"),
    ({"startDeadlineSeconds": 4}, "should be greater than or equal to 5"),
    ({"startDeadlineSeconds": 86_401}, "should be less than or equal to 86400"),
    ({"retry": {"maxAttempts": 0}}, "spec.retry.maxAttempts in body should be greater than or"),
    ({"retry": {"maxAttempts": 21}}, "spec.retry.maxAttempts in body should be less than or equal"),
    ({"retry": {"backoffSeconds": 0}}, "should be greater than or equal to 1"),
    ({"retry": {"maxBackoffSeconds": 86_401}}, "should be less than or equal to 86400"),
    (
        {"retry": {"backoffSeconds": 301}},
        "maxBackoffSeconds is less than backoffSeconds: raise maxBackoffSeconds or lower",
    ),
    (
        {"retry": {"causes": ["PodDeleted"]}},
        'Unsupported value: "PodDeleted": supported values: "NodeLost", "Evicted"',
    ),
    ({"retry": {"causes": ["Timeout", "Timeout"]}}, "Duplicate value"),
    ({"rerunToken": "x" * 65}, "spec.rerunToken: Too long: may not be more than 64"),
    ({"rerunToken": ""}, "spec.rerunToken in body should be at least 1 chars long"),
    # What comes first, and how long it is kept.
    ({"dependsOn": [{"condition": "Finished"}]}, "spec.dependsOn[0].name: Required value"),
    ({"dependsOn": [{"name": ""}]}, "spec.dependsOn[0].name in body should be at least 1 chars"),
    ({"dependsOn": [{"name": "x" * 254}]}, "spec.dependsOn[0].name: Too long"),
    ({"dependsOn": ["first"]}, "spec.dependsOn[0] in body must be of type object"),
    ({"dependsOn": [{"name": "Find_Hosts"}]}, "must be the name of a ScanJob of this namespace"),
    ({"dependsOn": [{"name": "other/first"}]}, "must be the name of a ScanJob of this namespace"),
    ({"dependsOn": [{"name": "first."}]}, "such as find-hosts: small letters, digits, dashes"),
    ({"dependsOn": [{"name": "a", "condition": "Failed"}]}, 'supported values: "Succeeded", "Fin'),
    ({"dependsOn": [{"name": "a"}, {"name": "a"}]}, "spec.dependsOn[1]: Duplicate value"),
    (
        {"dependsOn": [{"name": "a"}, {"name": "a", "condition": "Finished"}]},
        "spec.dependsOn[1]: Duplicate value",
    ),
    (
        {"dependsOn": [{"name": f"scan-{number}"} for number in range(17)]},
        "spec.dependsOn: Too many: 17: must have at most 16 items",
    ),
    (
        {"dependsOn": [{"name": "a"}, {"name": "bad"}]},
        "dependsOn names the ScanJob itself, so it would wait for ever: remove that entry",
    ),
    ({"dependencyFailurePolicy": "Ignore"}, 'supported values: "Cancel", "Wait"'),
    ({"ttlSecondsAfterFinished": -1}, "should be greater than or equal to 0"),
    ({"ttlSecondsAfterFinished": 31_536_001}, "should be less than or equal to 31536000"),
    # A time.
    *(
        ({"notBefore": text}, "spec.notBefore")
        for text in (
            *("tomorrow", "2026-01-31", "2026-01-31T22:00:00", "2026-01-31 22:00:00Z", ""),
            *("2026-02-30T22:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T22:00:00z"),
            *("2026-01-31T22:00:00+24:00", "1999-01-31T22:00:00Z", "2026-01-31T22:00:00,5Z"),
        )
    ),
    # Ports.
    ({"ports": {}}, "set tcp, udp or top, or remove ports"),
    ({"ports": {"tcp": ""}}, "spec.ports.tcp in body should be at least 1 chars long"),
    ({"ports": {"tcp": 80}}, 'spec.ports.tcp in body must be of type string: "integer"'),
    ({"ports": {"tcp": "80-"}}, "must be ports of 1 to 65535 and ranges of them, such as 22,80"),
    ({"ports": {"tcp": "-"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "0"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "022"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "65536"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "80, 443"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "80,"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "T:80"}}, "must be ports of 1 to 65535"),
    ({"ports": {"tcp": "http"}}, "must be ports of 1 to 65535"),
    ({"ports": {"udp": "1-2-3"}}, "must be ports of 1 to 65535"),
    ({"ports": {"udp": "53\n"}}, "must be ports of 1 to 65535"),
    (
        {"ports": {"tcp": "22,90-80"}},
        "a range of ports ends before it starts: write the lower port first",
    ),
    ({"ports": {"tcp": "9-10,100-99"}}, "write the lower port first"),
    ({"ports": {"tcp": MANY_PORTS}}, "must be at most 1000 ports and ranges"),
    ({"ports": {"tcp": "1," * 2048 + "1"}}, "spec.ports.tcp: Too long: may not be more than 4096"),
    ({"ports": {"top": 0}}, "spec.ports.top in body should be greater than or equal to 1"),
    ({"ports": {"top": 65536}}, "spec.ports.top in body should be less than or equal to 65535"),
    (
        {"ports": {"top": 100, "tcp": "80"}},
        "top cannot stand beside tcp or udp: keep one of them",
    ),
    ({"ports": {"top": 100, "udp": "53"}}, "top cannot stand beside tcp or udp"),
    # Options of the other scanner, and options that contradict each other.
    (
        {"masscan": {}},
        "masscan options need the scanner masscan: remove masscan or set scanner to masscan",
    ),
    (
        {"scanner": "masscan", "nmap": {}, "ports": {"tcp": "80"}},
        "nmap options need the scanner nmap: remove nmap or set scanner to nmap",
    ),
    ({"scanner": "masscan"}, "masscan needs the ports to scan: set ports.tcp or ports.udp"),
    ({"scanner": "masscan", "ports": {"top": 100}}, "(ports.top is for nmap)"),
    (
        {"scanner": "masscan", "ports": {"tcp": "80"}, "masscan": {"retries": 6}},
        "spec.masscan.retries in body should be less than or equal to 5",
    ),
    (
        {"scanner": "masscan", "ports": {"tcp": "80"}, "masscan": {"waitSeconds": 61}},
        "spec.masscan.waitSeconds in body should be less than or equal to 60",
    ),
    (
        {"scanner": "masscan", "ports": {"tcp": "80"}, "masscan": {"packetsPerSecond": 0}},
        "spec.masscan.packetsPerSecond in body should be greater than or equal to 1",
    ),
    (
        {"nmap": {"technique": "Udp"}, "ports": {"tcp": "80"}},
        "technique Udp scans no TCP ports: remove ports.tcp, or use Connect or Syn with both",
    ),
    (
        {"nmap": {"technique": "Discovery"}, "ports": {"top": 10}},
        "technique Discovery only finds hosts: remove ports or use another technique",
    ),
    (
        {"nmap": {"technique": "Discovery", "serviceDetection": True}},
        "technique Discovery takes no serviceDetection, osDetection or skipHostDiscovery",
    ),
    ({"nmap": {"technique": "Discovery", "osDetection": True}}, "Discovery takes no"),
    ({"nmap": {"technique": "Discovery", "skipHostDiscovery": True}}, "Discovery takes no"),
]

GOOD_JOBS: list[dict[str, Any]] = [
    {},
    {"nmap": {}},
    {"nmap": {"technique": "Syn"}, "ports": {"tcp": "1-65535", "udp": "53"}},
    {"nmap": {"technique": "Connect"}, "ports": {"tcp": "22,80-80", "udp": "53,161"}},
    {"nmap": {"technique": "Udp"}, "ports": {"udp": "53"}},
    {"nmap": {"technique": "Udp"}, "ports": {"top": 20}},
    {"nmap": {"technique": "Discovery", "disableArpPing": True}},
    {"ports": {"tcp": "9-10,99-100"}},
    {"scanner": "masscan", "ports": {"tcp": "80"}},
    {"scanner": "masscan", "ports": {"udp": "53"}, "masscan": {"packetsPerSecond": 1_000_000}},
    {"timeoutPolicy": "Adaptive"},
    {"timeoutPolicy": "Fixed", "timeoutSeconds": 60},
    {"timeoutPolicy": "Fixed"},
    {"timeoutSeconds": 5, "priority": -100, "rerunToken": "x" * 64},
    {"retry": {"maxAttempts": 20, "backoffSeconds": 1, "causes": ["Timeout", "ScannerError"]}},
    {"retry": {"backoffSeconds": 86_400, "maxBackoffSeconds": 86_400, "causes": []}},
    {"notBefore": "2026-01-31T22:00:00Z"},
    {"notBefore": "2999-12-31T23:59:59.123456789+23:59"},
    {"startDeadlineSeconds": 5, "retry": {"maxAttempts": 1}},
    {"dependsOn": [{"name": f"scan-{number}.x"} for number in range(16)]},
    {"dependsOn": [{"name": "bad", "condition": "Finished"}], "dependencyFailurePolicy": "Wait"},
    {"dependsOn": []},
    {"ttlSecondsAfterFinished": 0},
    {"ttlSecondsAfterFinished": 31_536_000},
    {"timeoutSeconds": 1_209_600, "priority": 100, "suspend": True, "cancel": True},
]


def window(**fields: Any) -> dict[str, Any]:
    return {"start": "0 22 * * 1-5", "durationSeconds": 3600} | fields


def selected(selector: dict[str, Any]) -> dict[str, Any]:
    return {"allowedNamespaces": {"from": "Selector", "selector": selector}}


def template(**fields: Any) -> dict[str, Any]:
    return {"podTemplate": fields}


_GOOD_STARTS = (
    *("* * * * *", "*/15 * * * *", "0-30/10 8-18 1,15 * *", "05 06 07 08 7"),
    *("0 22 * JAN-MAR,dec Mon-Fri", "59 23 31 12 0"),
)
_GOOD_ZONES = ("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT")

QUEUES: list[tuple[dict[str, Any], str]] = [
    ({"maxConcurrent": -1}, "spec.maxConcurrent in body should be greater than or equal to 0"),
    ({"maxConcurrent": 10_001}, "spec.maxConcurrent in body should be less than or equal to 10000"),
    ({"priority": 1001}, "spec.priority in body should be less than or equal to 1000"),
    ({"agingSeconds": -1}, "spec.agingSeconds in body should be greater than or equal to 0"),
    ({"agingSeconds": 31_536_001}, "spec.agingSeconds in body should be less than or equal to"),
    ({"defaults": {"ttlSecondsAfterFinished": -1}}, "should be greater than or equal to 0"),
    ({"defaults": {"ttlSecondsAfterFinished": 31_536_001}}, "should be less than or equal to"),
    ({"limits": {"maxTimeoutSeconds": 4}}, "should be greater than or equal to 5"),
    ({"limits": {"maxTimeoutSeconds": 1_209_601}}, "should be less than or equal to 1209600"),
    (
        {"limits": {"minTimeoutSeconds": 61, "maxTimeoutSeconds": 60}},
        "no timeout is within these limits: lower minTimeoutSeconds, or raise maxTimeoutSeconds",
    ),
    (
        {"limits": {"maxTimeoutSeconds": 60}, "defaults": {"timeoutSeconds": 61}},
        "defaults.timeoutSeconds is not within limits.minTimeoutSeconds and",
    ),
    (
        {"limits": {"minTimeoutSeconds": 60}, "defaults": {"timeoutSeconds": 59}},
        "defaults.timeoutSeconds is not within limits.minTimeoutSeconds and",
    ),
    ({"defaults": {"timeoutPolicy": "Auto"}}, 'supported values: "Fixed", "Adaptive"'),
    ({"windowEndPolicy": "Stop"}, 'supported values: "RunOn", "Drain"'),
    ({"windows": [{"start": "0 22 * * *"}]}, "spec.windows[0].durationSeconds: Required value"),
    ({"windows": [{"durationSeconds": 60}]}, "spec.windows[0].start: Required value"),
    ({"windows": [window(durationSeconds=59)]}, "should be greater than or equal to 60"),
    ({"windows": [window(durationSeconds=604_801)]}, "should be less than or equal to 604800"),
    ({"windows": [window()] * 17}, "spec.windows: Too many: 17: must have at most 16 items"),
    *(
        ({"windows": [window(start=start)]}, "spec.windows[0].start: Invalid value")
        for start in (
            *("0 22 * *", "0 22 * * * *", "60 22 * * *", "0 24 * * *", "0 0 0 * *", "0 0 32 * *"),
            *("0 0 * 13 *", "0 0 * * 8", "0 0 * * FOO", "5/10 * * * *", "*/0 * * * *"),
            *(
                "0  22 * * *",
                " 0 22 * * *",
                "0 22 * * *\n",
                "0 0 L * *",
                "0 0 * * 5#1",
                "a b c d e",
            ),
            *("0, 22 * * *", "-5 22 * * *", "@daily aaaa"),
        )
    ),
    ({"windows": [window(start="* " * 70)]}, "spec.windows[0].start: Too long: may not be more"),
    *(
        ({"windows": [window(timeZone=zone)]}, "must be the name of a time zone in the IANA")
        for zone in ("../etc/passwd", "Europe/", "/Berlin", "+02:00", "Europe/Berlin/a/b", "a b")
    ),
    ({"windows": [window(timeZone="")]}, "spec.windows[0].timeZone in body should be at least 1"),
    ({"stopPolicy": "Drain"}, 'supported values: "None", "Hold", "HoldAndDrain"'),
    # Weights that would count for nothing, or twice.
    (
        {"fairShare": {"weights": [{"namespace": "a", "weight": 2}]}},
        "weights count with ordering FairShare only: set it, or remove fairShare",
    ),
    ({"ordering": "Fifo"}, 'supported values: "Priority", "FairShare"'),
    (
        {
            "ordering": "FairShare",
            "fairShare": {"weights": [{"namespace": "a", "weight": n} for n in (1, 2)]},
        },
        "Duplicate value",
    ),
    (
        {
            "ordering": "FairShare",
            "fairShare": {"weights": [{"namespace": "a", "weight": 0}]},
        },
        "should be greater than or equal to 1",
    ),
    ({"maxConcurrentPerNamespace": 0}, "should be greater than or equal to 1"),
    # Half of a scope, or too much of one.
    ({"scope": {"allow": []}}, "spec.scope.allow in body should have at least 1 items"),
    ({"scope": {"allow": "10.0.0.0/8"}}, "spec.scope.allow in body must be of type array"),
    ({"scope": {"allow": [f"10.0.{n}.1" for n in range(256)] + ["10.1.0.1"]}}, "Too many: 257"),
    ({"scope": {"deny": [f"10.0.{n}.1" for n in range(256)] + ["10.1.0.1"]}}, "Too many: 257"),
    ({"scope": {"deny": [""]}}, "spec.scope.deny[0] in body should be at least 1 chars long"),
    ({"scope": ["10.0.0.0/8"]}, "spec.scope in body must be of type object"),
    ({"allowedScanners": ["zmap"]}, 'supported values: "nmap", "masscan"'),
    ({"allowedScanners": ["nmap", "nmap"]}, "Duplicate value"),
    ({"limits": {"maxPending": 0}}, "should be greater than or equal to 1"),
    ({"limits": {"maxPending": 1_000_001}}, "should be less than or equal to 1000000"),
    ({"limits": {"maxAddresses": 0}}, "should be greater than or equal to 1"),
    ({"limits": {"maxAddresses": 2**32 + 1}}, "should be less than or equal to 4294967296"),
    ({"maxConcurrentPerNode": 0}, "should be greater than or equal to 1"),
    ({"maxConcurrentPerNode": 101}, "should be less than or equal to 100"),
    # A template of Pods: no more than it names, and nothing that cannot be.
    (
        template(resources={"requests": {"cpu": "1100m"}, "limits": {"cpu": 1}}),
        "requests.cpu is more than limits.cpu, and no node takes such a Pod",
    ),
    (
        template(resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}),
        "requests.memory is more than limits.memory",
    ),
    (
        template(
            resources={
                "requests": {"ephemeral-storage": "2Gi"},
                "limits": {"ephemeral-storage": "1Gi"},
            }
        ),
        "requests.ephemeral-storage is more than limits.ephemeral-storage",
    ),
    (template(resources={"limits": {"cpu": -1}}), "should be greater than or equal to 0"),
    (template(resources={"limits": {"cpu": "-1"}}), "spec.podTemplate.resources.limits.cpu"),
    (template(resources={"limits": {"memory": "1 GB"}}), "resources.limits.memory in body should"),
    (template(nodeSelector={"a": "b c"}), "spec.podTemplate.nodeSelector.a in body should match"),
    (template(nodeSelector={f"a{n}": "b" for n in range(17)}), "must have at most 16 items"),
    (template(tolerations=[{"key": "a"}] * 17), "Too many: 17: must have at most 16 items"),
    (template(tolerations=[{"value": "a"}]), "without a key operator must be Exists"),
    (
        template(tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]),
        "operator Exists takes no value: remove value, or use Equal",
    ),
    (
        template(tolerations=[{"key": "a", "tolerationSeconds": 5}]),
        "tolerationSeconds needs the effect NoExecute",
    ),
    (template(tolerations=[{"key": "a b"}]), "spec.podTemplate.tolerations[0].key in body should"),
    (template(priorityClassName="Urgent"), "spec.podTemplate.priorityClassName in body should"),
    (template(imagePullSecrets=[{"name": "a"}, {"name": "a"}]), "Duplicate value"),
    ({"allowedScanners": "nmap"}, "spec.allowedScanners in body must be of type array"),
    # Consent that nobody meant to give.
    ({"allowedNamespaces": {"from": "Any"}}, 'supported values: "Same", "All", "Selector"'),
    ({"allowedNamespaces": {"from": "Selector"}}, "from: Selector needs a selector"),
    (
        {"allowedNamespaces": {"selector": {"matchLabels": {"a": "b"}}}},
        "from: Selector needs a selector, and no other takes one",
    ),
    (selected({}), "an empty selector would take every namespace"),
    (selected({"matchLabels": {}, "matchExpressions": []}), "an empty selector would take every"),
    (selected({"matchLabels": {"tier": "gold!"}}), "matchLabels.tier in body should match"),
    (selected({"matchExpressions": [{"key": "a/b/c", "operator": "Exists"}]}), "should match"),
    (selected({"matchExpressions": [{"key": "a", "operator": "Is"}]}), "supported values"),
    (selected({"matchExpressions": [{"key": "a", "operator": "In"}]}), "In and NotIn need values"),
    (
        selected({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]}),
        "Exists and DoesNotExist take none",
    ),
]


GOOD_QUEUES: list[dict[str, Any]] = [
    {"allowedNamespaces": {}},
    {"allowedNamespaces": {"from": "All"}},
    selected({"matchLabels": {"kubernetes.io/metadata.name": "team", "empty": ""}}),
    selected(
        {
            "matchExpressions": [
                {"key": "example.com/tier", "operator": "In", "values": ["gold", "silver"]},
                {"key": "tier", "operator": "NotIn", "values": [""]},
                {"key": "Tier_1", "operator": "Exists"},
                {"key": "tier.2", "operator": "DoesNotExist", "values": []},
            ]
        }
    ),
    template(),
    template(
        resources={
            "requests": {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "1G"},
            "limits": {"cpu": 1, "memory": "64Mi", "ephemeral-storage": "1Gi"},
        },
        nodeSelector={"kubernetes.io/arch": "amd64", "pool": ""},
        tolerations=[
            {"operator": "Exists"},
            {"key": "a.example/b", "value": "c", "effect": "NoSchedule"},
            {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
        ],
        priorityClassName="urgent-scans",
        imagePullSecrets=[{"name": "one"}, {"name": "two.three"}],
    ),
    template(resources={"requests": {"cpu": 1}, "limits": {"cpu": "1000m", "memory": "1.5Gi"}}),
    {"windows": [], "windowEndPolicy": "Drain"},
    {"limits": {}},
    {"limits": {"maxTimeoutSeconds": 5}},
    {"limits": {"minTimeoutSeconds": 60, "maxTimeoutSeconds": 60}},
    {
        "limits": {"minTimeoutSeconds": 60, "maxTimeoutSeconds": 60},
        "defaults": {"timeoutSeconds": 60, "timeoutPolicy": "Adaptive"},
    },
    {"windows": [window(start=start) for start in _GOOD_STARTS]},
    {"windows": [window(timeZone=zone) for zone in _GOOD_ZONES]},
    {"windows": [window(start="59 23 31 12 7", durationSeconds=604_800)] * 16},
]


@pytest.mark.parametrize("spec", GOOD_QUEUES, ids=[str(queue)[:60] for queue in GOOD_QUEUES])
def test_good_queues_are_accepted(namespace: Namespace, spec: dict[str, Any]) -> None:
    namespace.create("scanqueues", scan_queue("good", **spec), dryRun="All").expect()


def test_a_bad_schedule_is_told_with_its_mend(namespace: Namespace) -> None:
    body = scan_queue("bad", windows=[window(start="daily at ten")])
    reply = namespace.create("scanqueues", body, dryRun="All")
    assert "must be a cron schedule: minute, hour, day of the month, month, day" in reply.message


@pytest.mark.parametrize(("change", "message"), JOBS, ids=[str(job)[:60] for job, _ in JOBS])
def test_a_bad_scanjob_is_refused(
    namespace: Namespace, change: dict[str, Any], message: str
) -> None:
    reply = namespace.create("scanjobs", scan_job("bad", **change), dryRun="All")
    assert reply.code == 422
    assert message in reply.message


@pytest.mark.parametrize("spec", GOOD_JOBS, ids=[str(job)[:60] for job in GOOD_JOBS])
def test_its_neighbours_are_accepted(namespace: Namespace, spec: dict[str, Any]) -> None:
    namespace.create("scanjobs", scan_job("good", **spec), dryRun="All").expect()


@pytest.mark.parametrize(("spec", "message"), QUEUES, ids=[str(queue) for queue, _ in QUEUES])
def test_a_bad_scanqueue_is_refused(
    namespace: Namespace, spec: dict[str, Any], message: str
) -> None:
    reply = namespace.create("scanqueues", scan_queue("bad", **spec), dryRun="All")
    assert reply.code == 422
    assert message in reply.message


def test_a_template_has_no_other_fields(namespace: Namespace) -> None:
    for field in ("serviceAccountName", "hostNetwork", "securityContext", "volumes", "affinity"):
        body = scan_queue("more", podTemplate={field: {}})
        reply = namespace.create("scanqueues", body, dryRun="All", fieldValidation="Strict")
        assert f'unknown field "spec.podTemplate.{field}"' in reply.message


@pytest.mark.parametrize("field", ["scope", "args"])
def test_a_field_without_effect_is_told_at_once(namespace: Namespace, field: str) -> None:
    body = scan_job("unknown", **{field: 1})
    reply = namespace.create("scanjobs", body, dryRun="All", fieldValidation="Strict")
    assert reply.code == 400
    assert f'unknown field "spec.{field}"' in reply.message

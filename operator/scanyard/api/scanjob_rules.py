"""Rules over several fields of a ScanJob, and what may change after it was created."""

from __future__ import annotations

from typing import Final

from scanyard.api.rules import immutable, rule
from scanyard.api.target_rules import ONE_FAMILY

_TECHNIQUE = "(has(self.nmap) ? self.nmap.technique : 'Connect')"

_OPTIONS_OF_ITS_SCANNER = [
    rule(
        "self.scanner == 'nmap' || !has(self.nmap)",
        "nmap options need the scanner nmap: remove nmap or set scanner to nmap",
        field_path=".nmap",
    ),
    rule(
        "self.scanner == 'masscan' || !has(self.masscan)",
        "masscan options need the scanner masscan: remove masscan or set scanner to masscan",
        field_path=".masscan",
    ),
]

_PORTS_OF_ITS_SCANNER = [
    rule(
        "self.scanner != 'masscan' || "
        "(has(self.ports) && (has(self.ports.tcp) || has(self.ports.udp)))",
        "masscan needs the ports to scan: set ports.tcp or ports.udp (ports.top is for nmap)",
        field_path=".ports",
    ),
    rule(
        f"{_TECHNIQUE} != 'Udp' || !has(self.ports) || !has(self.ports.tcp)",
        "technique Udp scans no TCP ports: remove ports.tcp, or use Connect or Syn with both",
        field_path=".ports",
    ),
    rule(
        f"{_TECHNIQUE} != 'Discovery' || !has(self.ports)",
        "technique Discovery only finds hosts: remove ports or use another technique",
        field_path=".ports",
    ),
    rule(
        f"{_TECHNIQUE} != 'Discovery' || "
        "!(self.nmap.serviceDetection || self.nmap.osDetection || self.nmap.skipHostDiscovery)",
        "technique Discovery takes no serviceDetection, osDetection or skipHostDiscovery: "
        "remove them or use another technique",
        field_path=".nmap",
    ),
]

_TARGETS_TOGETHER = [
    rule(
        ONE_FAMILY,
        "IPv4 and IPv6 cannot be scanned together: create one ScanJob for each",
        field_path=".targets",
    ),
]

_TIMEOUT = [
    rule(
        "!has(self.timeoutPolicy) || self.timeoutPolicy != 'Adaptive' || !has(self.timeoutSeconds)",
        "timeoutPolicy Adaptive reckons the timeout: remove timeoutSeconds, or set timeoutPolicy "
        "to Fixed",
        field_path=".timeoutSeconds",
    ),
]

# Version 0.2 and those before wrote 3600 into a ScanJob that stated none. Whoever replaces it by
# what they keep, without that number, changes nothing.
_EARLIER_DEFAULT_TIMEOUT = 3600

_TIMEOUT_STAYS = rule(
    "has(self.timeoutSeconds) ? "
    "has(oldSelf.timeoutSeconds) && self.timeoutSeconds == oldSelf.timeoutSeconds : "
    f"!has(oldSelf.timeoutSeconds) || oldSelf.timeoutSeconds == {_EARLIER_DEFAULT_TIMEOUT}",
    "timeoutSeconds cannot be changed: create a new ScanJob",
    field_path=".timeoutSeconds",
)

_CANCEL = [
    rule(
        "self.cancel || !oldSelf.cancel || "
        "(has(self.rerunToken) && "
        "(!has(oldSelf.rerunToken) || self.rerunToken != oldSelf.rerunToken))",
        "cancel cannot be taken back: set a new rerunToken with it to run the ScanJob again",
        field_path=".cancel",
    ),
]

_IMMUTABLE = [
    immutable("scanner", always_set=True),
    immutable("targets", always_set=True),
    immutable("excludeTargets", always_set=False),
    immutable("ports", always_set=False),
    immutable("nmap", always_set=False),
    immutable("masscan", always_set=False),
    _TIMEOUT_STAYS,
    immutable("timeoutPolicy", always_set=False),
    immutable("startDeadlineSeconds", always_set=True),
    immutable("retry", always_set=True),
    immutable("dependsOn", always_set=False),
    immutable("dependencyFailurePolicy", always_set=True),
    immutable("notBefore", always_set=False),
]

SPEC_RULES: Final = [
    *_OPTIONS_OF_ITS_SCANNER,
    *_PORTS_OF_ITS_SCANNER,
    *_TARGETS_TOGETHER,
    *_TIMEOUT,
    *_CANCEL,
    *_IMMUTABLE,
]
"""On the spec."""

RETRY_RULES: Final = [
    rule(
        "self.maxBackoffSeconds >= self.backoffSeconds",
        "maxBackoffSeconds is less than backoffSeconds: raise maxBackoffSeconds or lower "
        "backoffSeconds",
        field_path=".maxBackoffSeconds",
    ),
]
"""On spec.retry."""

PORTS_RULES: Final = [
    rule(
        "has(self.tcp) || has(self.udp) || has(self.top)",
        "set tcp, udp or top, or remove ports to scan the ports that nmap finds open most often",
    ),
    rule(
        "!has(self.top) || !(has(self.tcp) || has(self.udp))",
        "top cannot stand beside tcp or udp: keep one of them",
        field_path=".top",
    ),
]
"""On spec.ports."""

MAX_PORT_LIST_LENGTH: Final = 4096

_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
PORT_LIST: Final = f"{_PORT}(-{_PORT})?(,{_PORT}(-{_PORT})?)*"
_IS_PORT_LIST = f"self.matches(r'^{PORT_LIST}$')"

# 4,096 characters cannot hold more different ports than a few over this; to the API server's
# estimate the bound makes the difference.
MAX_PORT_LIST_ITEMS: Final = 1000
_IS_SHORT = f"size(self.split(',', {MAX_PORT_LIST_ITEMS + 1})) <= {MAX_PORT_LIST_ITEMS}"

PORT_LIST_RULES: Final = [
    rule(
        _IS_PORT_LIST,
        "must be ports of 1 to 65535 and ranges of them, such as 22,80,8000-8100",
    ),
    rule(
        _IS_SHORT,
        f"must be at most {MAX_PORT_LIST_ITEMS} ports and ranges: join neighbours to ranges",
    ),
    rule(
        f"!{_IS_PORT_LIST} || !({_IS_SHORT}) || "
        f"self.split(',', {MAX_PORT_LIST_ITEMS}).all(item, "
        "[item.split('-')].all(ends, size(ends) != 2 || int(ends[0]) <= int(ends[1])))",
        "a range of ports ends before it starts: write the lower port first",
    ),
]
"""On spec.ports.tcp and spec.ports.udp."""

QUEUE_REF_RULE: Final = rule(
    "self.spec.queueRef == oldSelf.spec.queueRef || "
    "(self.status.phase in ['Pending', 'Queued', 'Suspended'] && "
    "!(has(self.status.attempts) && self.status.attempts.exists(a, !has(a.endedAt))))",
    "queueRef can be changed only while the ScanJob waits: create a new ScanJob",
    field_path=".spec.queueRef",
)
"""On the ScanJob itself: only there a rule sees spec and status."""

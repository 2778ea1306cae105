"""The API server accepts the same targets as `scanyard.api.targets`, and says what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scanyard.api.target_rules import MAX_TARGET_LENGTH
from scanyard.api.targets import Target, parse_excluded, parse_target
from scanyard.errors import InvalidInputError
from tests.support.kube import Cluster, Namespace
from tests.support.resources import scan_job
from tests.support.target_cases import ADDRESSES, BAD, LARGE_NETWORKS, NAMES, NETWORKS, RANGES


def refusals(
    namespace: Namespace, targets: Iterable[str], field: str = "targets"
) -> dict[str, str]:
    """Which of these the API server refuses, each with its message; nothing is created.

    A refusal of the whole list (mixed families) does not count.
    """
    listed = list(targets)
    body = scan_job("targets", **({"targets": ["localhost"]} | {field: listed}))
    reply = namespace.create("scanjobs", body, dryRun="All")
    messages = {}
    for path, message in reply.causes:
        if index := re.fullmatch(rf"spec\.{field}\[(\d+)\]", path):
            messages[listed[int(index[1])]] = message
    return messages


@pytest.mark.parametrize("field", ["targets", "excludeTargets"])
def test_canonical_targets_are_accepted(namespace: Namespace, field: str) -> None:
    numeric = [*ADDRESSES, *NETWORKS, *RANGES]
    for family in (
        [text for text in numeric if ":" in text],
        [text for text in numeric if ":" not in text],
    ):
        body = scan_job("good", **({"targets": ["localhost"]} | {field: family}))
        namespace.create("scanjobs", body, dryRun="All").expect()


def test_what_is_too_large_to_scan_can_be_excluded(namespace: Namespace) -> None:
    assert refusals(namespace, LARGE_NETWORKS, "excludeTargets") == {}
    refused = refusals(namespace, LARGE_NETWORKS)
    assert refused.keys() == set(LARGE_NETWORKS)
    assert "an IPv6 network to scan is /96 or smaller" in refused["2001:db8::/95"]


def test_names_are_targets_but_cannot_be_excluded(namespace: Namespace) -> None:
    assert refusals(namespace, NAMES) == {}
    assert refusals(namespace, NAMES, "excludeTargets").keys() == set(NAMES)


@pytest.mark.parametrize("field", ["targets", "excludeTargets"])
def test_everything_else_is_refused(namespace: Namespace, field: str) -> None:
    bad = [text for text in BAD if len(text) <= MAX_TARGET_LENGTH]
    assert refusals(namespace, bad, field).keys() == set(bad)
    for text in set(BAD) - set(bad):
        assert "Too long" in refusals(namespace, [text], field)[text]


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("127.1", "must be an IPv4 or IPv6 address, a network such as 192.0.2.0/28"),
        ("localhost/31", "or a DNS name in lower case whose last label has letters only"),
        ("2001:DB8::1", "write the address in its canonical form: 2001:db8::1"),
        (
            "10.0.0.5/24",
            "write 10.0.0.0/24 for the network, or 10.0.0.5 for the one address",
        ),
        ("2001:DB8::/32", "write 2001:db8::/32 for the network"),
        ("2001:DB8::1-2001:db8::0002", "canonical form: 2001:db8::1-2001:db8::2"),
        ("10.0.0.1-::1", "both ends of a range must be IPv4, or both IPv6"),
        ("2001:db8::1-2001:db9::1", "an IPv6 range varies in its last group only"),
        ("10.0.0.9-10.0.0.1", "the range ends before it starts: write the lower address first"),
        ("::f-::", "the range ends before it starts: write the lower address first"),
    ],
)
def test_a_refusal_says_what_to_write(namespace: Namespace, text: str, mend: str) -> None:
    assert mend in refusals(namespace, [text])[text]


V4 = st.ip_addresses(network="10.0.0.0/29")
V6 = st.ip_addresses(network="2001:db8::2:fff8/125")

TEXTS = st.one_of(
    st.text(alphabet="0123456789abcdefx.:/-", min_size=1, max_size=24),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){2,4}(/[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{0,4}(:[0-9a-f]{0,4}){1,7}(/[0-9]{1,3})?", fullmatch=True),
    st.builds("{}-{}".format, V4, V4),
    st.builds("{}-{}".format, V6, V6),
    st.builds("{}-{}".format, st.ip_addresses(), st.ip_addresses()),
    st.builds("{}/{}".format, st.ip_addresses(network="10.0.0.0/22"), st.integers(20, 33)),
    st.builds("{}/{}".format, st.ip_addresses(network="::fff8:0:0/93"), st.integers(90, 129)),
    st.ip_addresses(v=6).map(str),
    st.from_regex(r"[a-z0-9-]{1,8}(\.[a-zA-Z0-9_-]{1,8}){0,3}", fullmatch=True),
)


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(texts=st.lists(TEXTS, min_size=200, max_size=1024, unique=True))
def test_both_grammars_agree_on_texts_nobody_thought_of(
    namespace: Namespace, texts: list[str]
) -> None:
    for field, parse in (("targets", parse_target), ("excludeTargets", parse_excluded)):
        by_server = refusals(namespace, texts, field).keys()
        assert by_server == {text for text in texts if not passes(parse, text)}


def passes(parse: Callable[[str], Target], text: str) -> bool:
    try:
        parse(text)
    except InvalidInputError:
        return False
    return True


@pytest.mark.parametrize(
    ("targets", "excluded"),
    [
        (["10.0.0.1", "2001:db8::1"], None),
        (["10.0.0.0/8", "2001:db8::/32"], None),
        (["10.0.0.1-10.0.0.2", "::1-::2"], None),
        (["10.0.0.1"], ["2001:db8::1"]),
        (["2001:db8::1"], ["10.0.0.0/8"]),
        (["example.com"], ["10.0.0.1", "::1"]),
    ],
)
def test_families_do_not_mix(
    namespace: Namespace, targets: list[str], excluded: list[str] | None
) -> None:
    body = scan_job("mixed", targets=targets, excludeTargets=excluded)
    reply = namespace.create("scanjobs", body, dryRun="All")
    assert "IPv4 and IPv6 cannot be scanned together: create one ScanJob for each" in reply.message


def test_names_stand_beside_either_family(namespace: Namespace) -> None:
    for address in ("10.0.0.1", "2001:db8::1"):
        body = scan_job("named", targets=["example.com", address], excludeTargets=[address])
        namespace.create("scanjobs", body, dryRun="All").expect()


@pytest.mark.parametrize(
    "targets",
    [
        [f"10.0.{number // 256}.{number % 256}" for number in range(1024)],
        [
            f"2001:db8::ffff:ffff:ffff:{number:x}-2001:db8::ffff:ffff:ffff:ffff"
            for number in range(1024)
        ],
        [f"{number:a>60}.{'.'.join(['b' * 60] * 2)}.example.com" for number in range(1024)],
    ],
    ids=["addresses", "ranges", "names"],
)
def test_1024_targets_are_accepted_and_one_more_is_not(
    namespace: Namespace, targets: list[str]
) -> None:
    excluded = None if targets[0].endswith("com") else targets
    ports = ",".join(str(number) for number in range(60000, 60682))
    body = scan_job(
        "many", targets=targets, excludeTargets=excluded, ports={"tcp": ports, "udp": ports}
    )
    namespace.create("scanjobs", body, dryRun="All").expect()
    body["spec"]["targets"] = [*targets, "localhost"]
    reply = namespace.create("scanjobs", body, dryRun="All")
    assert "spec.targets: Too many: 1025: must have at most 1024 items" in reply.message


def test_the_cost_estimate_leaves_room(cluster: Cluster, group: str) -> None:
    """Twice as many targets would still do: a later API server may estimate somewhat higher."""
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scanjobs.{group}"
    crd = cluster.request("GET", path).expect()
    (version,) = crd["spec"]["versions"]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    for field in ("targets", "excludeTargets"):
        spec[field]["maxItems"] *= 2
    cluster.request("PUT", path, crd, dryRun="All").expect()

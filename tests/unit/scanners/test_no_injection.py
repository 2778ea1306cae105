"""No option and no target can become another argument, whatever a user writes."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from scanyard.errors import InvalidInputError
from scanyard.scanners import (
    Command,
    MasscanOptions,
    NmapOptions,
    Ports,
    ScanRequest,
    build_command,
)

# What each scanner may be told by us: every other argument is a value or a target.
_OPTION = re.compile(
    r"-n|-v|-oX|-oJ|-6|-p|-Pn|-O|-s[TSUVn]|-T[0-5]"
    r"|--(?:noninteractive|stats-every|max-hostgroup|privileged|unprivileged|top-ports|script"
    r"|disable-arp-ping|max-rate|max-retries|host-timeout|resolve-all|exclude|interactive"
    r"|source-port|rate|retries|wait|ports|range)"
)
_NMAP_VALUE = {
    "--stats-every", "-oX", "--max-hostgroup", "-p", "--top-ports", "--script", "--max-rate",
    "--max-retries", "--host-timeout", "--exclude",
}  # fmt: skip
_ADDRESSES = re.compile(r"[0-9a-f.:/-]+(?:,[0-9a-f.:/-]+)*")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")

_address = st.integers(0, 2**32 - 1).map(lambda n: str(IPv4Address(n)))
_network = st.tuples(st.integers(0, 2**24 - 1), st.integers(24, 32)).map(
    lambda t: f"{IPv4Address(t[0] << 8)}/{t[1]}"
)
_range = st.tuples(st.integers(0, 2**32 - 300), st.integers(0, 255)).map(
    lambda t: f"{IPv4Address(t[0])}-{IPv4Address(t[0] + t[1])}"
)
_name = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z]{2,5})?", fullmatch=True)
_hostile = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["-iL", "--script=x", "a b", "a,b", "1-2", "x\0", "-", "--", "10.0.0.1 -oX"]),
)
_honest_target = st.one_of(_address, _network, _range, _name)
_honest_ports = st.lists(st.integers(1, 65535).map(str), min_size=1, max_size=5).map(",".join)
_port_list = st.one_of(st.none(), _honest_ports, _hostile)
_number = st.one_of(st.none(), st.integers(1, 20), st.integers(-5, 2_000_000))

_nmap = st.builds(
    NmapOptions,
    technique=st.sampled_from(["Connect", "Connect", "Syn", "Udp", "Discovery", "-sS"]),
    timing=st.sampled_from(["Paranoid", "Insane", "Normal", "T0 -A"]),
    service_detection=st.booleans(),
    os_detection=st.booleans(),
    script_categories=st.lists(
        st.sampled_from(["Default", "Safe", "Version", "Discovery", "Auth", "Vuln"]), max_size=3
    ).map(tuple),
    skip_host_discovery=st.booleans(),
    disable_arp_ping=st.booleans(),
    packets_per_second=_number,
    max_retries=_number,
    host_timeout_seconds=_number,
)
_masscan = st.builds(
    MasscanOptions,
    packets_per_second=st.integers(0, 1_000_000),
    retries=st.integers(0, 5),
    wait_seconds=st.integers(-1, 60),
)


@st.composite
def _requests(draw: st.DrawFn) -> ScanRequest:
    """Half of them honest throughout, or hardly any would get as far as a command line."""
    honest = draw(st.booleans())
    target = _honest_target if honest else st.one_of(_honest_target, _hostile)
    ports = st.one_of(st.none(), _honest_ports) if honest else _port_list
    targets = tuple(draw(st.lists(target, min_size=honest, max_size=5)))
    pinned = draw(st.lists(_address if honest else target, min_size=1, max_size=2).map(tuple))
    return ScanRequest(
        targets=targets,
        exclude=() if honest else tuple(draw(st.lists(target, max_size=3))),
        ports=Ports(tcp=draw(ports), udp=draw(ports), top=None if honest else draw(_number)),
        options=draw(st.one_of(_nmap, _masscan)),
        resolved=dict.fromkeys(targets, pinned),
    )


def _check(request: ScanRequest, command: Command) -> None:
    arguments = list(command.argv[1:])
    takes_value = _NMAP_VALUE if command.scanner == "nmap" else None
    loose: list[str] = []
    while arguments:
        argument = arguments.pop(0)
        assert "\0" not in argument
        assert "\n" not in argument
        if not _OPTION.fullmatch(argument):
            loose.append(argument)
            continue
        if takes_value is None and argument == "--interactive":
            continue
        if takes_value is None or argument in takes_value:
            value = arguments.pop(0)
            assert not value.startswith("-")
            assert " " not in value or argument == "--script"
            if argument in ("--exclude", "--range"):
                assert _ADDRESSES.fullmatch(value)
    # Only nmap has loose arguments: its targets, names exactly as they were allowed.
    names = [t for t in loose if not _ADDRESSES.fullmatch(t)]
    assert command.scanner == "nmap" or not loose
    assert all(_NAME.fullmatch(t) and t in request.targets for t in names)


@given(_requests())
def test_every_argument_is_one_of_ours_or_a_checked_value(request: ScanRequest) -> None:
    try:
        command = build_command(request)
    except InvalidInputError:
        return
    _check(request, command)


@given(st.lists(st.one_of(_address, _network, _range), min_size=1, max_size=5), _port_list)
def test_the_number_of_arguments_depends_on_the_targets_alone(
    targets: list[str], ports: str | None
) -> None:
    def length(port_list: str | None) -> int:
        request = ScanRequest(tuple(targets), Ports(tcp=port_list), NmapOptions())
        return len(build_command(request).argv)

    try:
        assert length(ports or "80") == length("80")
    except InvalidInputError:
        return

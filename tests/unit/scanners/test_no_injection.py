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
_name = st.from_regex(r"([a-z0-9]{1,6}\.){0,2}[a-z]{2,6}", fullmatch=True)
_honest_target = st.one_of(_name, _address, _network, _range, _name)
_honest_ports = st.lists(st.integers(1, 65535).map(str), min_size=1, max_size=5).map(",".join)
_trick = st.sampled_from(["-", "--", "--script=", " ", " -oX ", ",", "/", "\0", "\n", "U:", "%"])


def _spoiled(honest: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Almost what it should be: a trick before it, after it or anywhere in it."""

    def spoil(text: str, trick: str, at: int) -> str:
        return text[:at] + trick + text[at:]

    anywhere = st.builds(spoil, honest, _trick, st.integers(0, 20))
    return st.one_of(
        st.builds(str.__add__, _trick, honest),
        st.builds(str.__add__, honest, _trick),
        anywhere,
        st.text(max_size=20),
    )


def _number(high: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(1, high))


_nmap = st.builds(
    NmapOptions,
    technique=st.sampled_from(["Connect", "Syn"]),
    timing=st.sampled_from(["Paranoid", "Insane"]),
    service_detection=st.booleans(),
    os_detection=st.booleans(),
    script_categories=st.lists(
        st.sampled_from(["Default", "Safe", "Version", "Discovery", "Auth", "Vuln"]), max_size=3
    ).map(tuple),
    skip_host_discovery=st.booleans(),
    disable_arp_ping=st.booleans(),
    packets_per_second=_number(1_000_000),
    max_retries=_number(20),
    host_timeout_seconds=_number(1_209_600),
)
_masscan = st.builds(
    MasscanOptions,
    packets_per_second=st.integers(1, 1_000_000),
    retries=st.integers(0, 5),
    wait_seconds=st.integers(0, 60),
)


@st.composite
def _requests(draw: st.DrawFn) -> ScanRequest:
    """Hostile in one place or in none, or hardly any would get as far as a command line."""
    place = draw(
        st.sampled_from(["nowhere", "targets", "targets", "exclude", "tcp", "udp", "pinned"])
    )

    def at(here: str, honest: st.SearchStrategy[str]) -> str:
        return draw(_spoiled(honest) if place == here else honest)

    return ScanRequest(
        targets=(*draw(st.lists(_address, max_size=3)), at("targets", _honest_target)),
        exclude=(at("exclude", _address),) if place == "exclude" else (),
        ports=Ports(tcp=at("tcp", _honest_ports), udp=at("udp", _honest_ports)),
        options=draw(st.one_of(_nmap, _masscan)),
        resolved=_Resolver((at("pinned", _address),)),
    )


class _Resolver(dict[str, tuple[str, ...]]):
    """Every name has the same addresses."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__()
        self._addresses = addresses

    def get(self, _name: str, _default: object = None) -> tuple[str, ...]:
        return self._addresses


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


@given(st.lists(st.one_of(_address, _network, _range), min_size=1, max_size=5), _honest_ports)
def test_the_number_of_arguments_depends_on_the_targets_alone(
    targets: list[str], ports: str
) -> None:
    def length(port_list: str) -> int:
        request = ScanRequest(tuple(targets), Ports(tcp=port_list), NmapOptions())
        return len(build_command(request).argv)

    assert length(ports) == length("80")

"""nmap's XML as it is, as it breaks, and as an enemy would write it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanyard.scanners.findings import HostFinding
from scanyard.scanners.nmap.xml import NmapXml

_REAL = (Path(__file__).parent / "data" / "nmap-7.93.xml").read_bytes()
_HEAD = b'<?xml version="1.0"?><nmaprun scanner="nmap">'
_UP = b'<status state="up" reason="x"/><address addr="192.0.2.3" addrtype="ipv4"/>'
_TAIL = b'<runstats><finished exit="success"/></runstats></nmaprun>'


class _Heard:
    def __init__(self) -> None:
        self.tasks: list[tuple[str, str, float]] = []
        self.hints: list[str] = []

    def task(self, event: str, name: str, percent: float) -> None:
        self.tasks.append((event, name, percent))

    def host_hint(self, address: str) -> None:
        self.hints.append(address)


def _parse(*pieces: bytes) -> tuple[list[HostFinding], NmapXml, _Heard]:
    heard = _Heard()
    xml = NmapXml(heard)
    return [host for piece in pieces for host in xml.feed(piece)], xml, heard


def _host(inner: bytes) -> bytes:
    return b"<host>" + _UP + inner + b"</host>"


def test_a_real_scan() -> None:
    hosts, xml, heard = _parse(_REAL)
    assert [(h.address, h.state) for h in hosts] == [
        ("192.0.2.9", "down"),
        ("192.0.2.10", "down"),
        ("192.0.2.3", "up"),
    ]
    assert [(p.port, p.protocol, p.state, p.service) for p in hosts[2].ports] == [
        (22, "tcp", "open", "ssh"),
        (81, "tcp", "closed", "hosts2-ns"),
        (5300, "udp", "open|filtered", "hacl-hb"),
        (5301, "udp", "closed", "hacl-gs"),
    ]
    assert (hosts[2].ports[0].product, hosts[2].ports[0].version) == ("OpenSSH", "9.2")
    assert hosts[2].ports[0].scripts == {"banner": "SSH-2.0-OpenSSH_9.2"}
    assert (xml.finished, xml.problem) == (True, "")
    assert heard.hints == ["192.0.2.3"]
    assert ("taskend", "UDP Scan", 0.0) in heard.tasks


def test_cut_at_every_byte_it_keeps_the_whole_hosts() -> None:
    whole = _parse(_REAL)[0]
    ends = [i + len(b"</host>") for i in range(len(_REAL)) if _REAL.startswith(b"</host>", i)]
    finished = _REAL.index(b"/>", _REAL.index(b"<finished")) + 2
    for end in range(len(_REAL)):
        hosts, xml, _ = _parse(_REAL[:end])
        assert hosts == whole[: sum(e <= end for e in ends)]
        assert xml.finished == (end >= finished)
        assert not xml.problem


def test_the_pieces_do_not_matter() -> None:
    assert _parse(*(_REAL[i : i + 1] for i in range(len(_REAL))))[0] == _parse(_REAL)[0]


@given(st.binary(max_size=400), st.integers(0, len(_REAL)))
def test_nothing_makes_it_raise(junk: bytes, at: int) -> None:
    whole = _parse(_REAL)[0]
    hosts, _, _ = _parse(_REAL[:at], junk, _REAL[at:])
    closed = _REAL[:at].count(b"</host>")
    assert hosts[:closed] == whole[:closed]


def test_odd_but_harmless_documents() -> None:
    ports = b'<ports><port protocol="tcp" portid="80"><state state="open"/></port></ports>'
    odd = (
        b"<!-- nmap <said> -- this first -->" + _HEAD + b'<taskprogress task="T" percent="x"/>'
        b"<hosthint>" + _UP + b"</hosthint>"
        b"<host><status state='up'/><taskprogress task='T' percent='50'/>"
        b"<address addr='192.0.2.4' addrtype='ipv4'/><hostnames/>"
        b"<hostscript><script id='empty'/></hostscript>" + ports + b"</host>" + _TAIL
    )
    hosts, xml, heard = _parse(odd)
    assert [(h.address, h.scripts, len(h.ports)) for h in hosts] == [("192.0.2.4", {}, 1)]
    assert hosts[0].ports[0].service == ""
    assert xml.finished
    assert heard.tasks == [("taskprogress", "T", 50.0)]


def test_masscans_xml_has_no_status() -> None:
    record = (
        b'<host endtime="1"><address addr="192.0.2.5" addrtype="ipv4"/><ports>'
        b'<port protocol="tcp" portid="80"><state state="open" reason="syn-ack"/></port>'
        b"</ports></host>"
    )
    hosts, _, _ = _parse(_HEAD.replace(b"nmap", b"masscan", 0) + record + _TAIL)
    assert [(h.address, h.state) for h in hosts] == [("192.0.2.5", "up")]


def test_ports_of_a_host_that_timed_out_are_unknown() -> None:
    hosts, _, _ = _parse(_HEAD + b'<host timedout="true">' + _UP + b"</host>")
    assert hosts[0].timed_out
    assert hosts[0].ports == ()


def test_details_of_a_host() -> None:
    inner = (
        b'<address addr="00:00:5E:00:53:01" addrtype="mac" vendor="X"/>'
        b'<hostnames><hostname name="ptr.example" type="PTR"/>'
        b'<hostname name="web.example" type="user"/></hostnames>'
        b'<ports><extraports state="closed" count="997"/>'
        b'<port protocol="tcp" portid="443"><state state="open"/>'
        b'<service name="http" tunnel="ssl"/></port></ports>'
        b'<os><osmatch name="Linux" accuracy="96"/></os>'
    )
    host = _parse(_HEAD + _host(inner))[0][0]
    assert (host.hostname, host.mac, host.vendor) == ("web.example", "00:00:5E:00:53:01", "X")
    assert host.others == {"closed": 997}
    assert host.os == (("Linux", 96),)
    assert host.ports[0].service == "ssl/http"


@pytest.mark.parametrize("address", [b"192.0.2.300", b"evil", b"fe80::1%x", b""])
def test_a_host_without_a_proper_address_is_none(address: bytes) -> None:
    document = (
        b'<host><status state="up"/><address addr="' + address + b'" addrtype="ipv4"/></host>'
    )
    assert _parse(_HEAD + document)[0] == []


def test_ipv6_addresses_become_canonical() -> None:
    document = b'<host><status state="up"/><address addr="2001:DB8:0:0::1" addrtype="ipv6"/></host>'
    assert _parse(_HEAD + document)[0][0].address == "2001:db8::1"


@pytest.mark.parametrize(
    "prologue",
    [
        b'<!DOCTYPE nmaprun [<!ENTITY a "aaaaaaaaaa">]>',
        b'<!DOCTYPE nmaprun [<!ENTITY a "aa"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]>',
        b'<!DOCTYPE nmaprun SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_are_not_expanded(prologue: bytes) -> None:
    for entity in (b"&a;", b"&c;"):
        bomb = b'<hostname name="' + entity + b'" type="user"/>'
        hosts, xml, _ = _parse(prologue + _HEAD[21:] + _host(b"") + _host(bomb) + _TAIL)
        assert [h.hostname for h in hosts] == [None]
        assert "undefined entity" in xml.problem


def test_a_declaration_after_a_false_start_is_refused() -> None:
    bomb = b'<nmaprunaway/><!DOCTYPE x [<!ENTITY a "a">]>' + _HEAD + _host(b"")
    assert _parse(bomb)[0] == []


def test_an_encoding_cannot_be_chosen() -> None:
    hosts, _, _ = _parse(b'<?xml version="1.0" encoding="UTF-16"?>' + _HEAD[21:] + _host(b""))
    assert len(hosts) == 1


def test_bad_bytes_do_not_end_the_reading() -> None:
    for junk in (b"\xff\xfe", b"\x00", b"\x1b[31m", b"\xc3", b"\xed\xa0\x80", b"\xef\xbf\xbf"):
        name = b'<hostnames><hostname name="a' + junk + b'b" type="user"/></hostnames>'
        hosts, xml, _ = _parse(_HEAD + _host(name) + _host(b"") + _TAIL)
        assert len(hosts) == 2
        assert xml.finished
        assert hosts[0].hostname is not None
        assert hosts[0].hostname.isprintable()


def test_a_character_cut_between_two_pieces_is_whole() -> None:
    name = "ü".encode()
    head = _HEAD + b"<host>" + _UP + b'<hostnames><hostname name="x' + name[:1]
    hosts, _, _ = _parse(head, name[1:] + b'" type="user"/></hostnames></host>')
    assert hosts[0].hostname == "xü"


def test_deep_nesting_ends_the_reading_and_keeps_what_was() -> None:
    hosts, xml, _ = _parse(_HEAD + _host(b"") + b"<host>" + b"<table>" * 100_000)
    assert len(hosts) == 1
    assert "nested deeper" in xml.problem


@pytest.mark.parametrize("start", [b'<x a="', b"<!--", b"<x>", b"<"])
def test_an_endless_token_ends_the_reading(start: bytes) -> None:
    def endless() -> Iterator[bytes]:
        yield _HEAD + _host(b"") + start
        for _ in range(64):
            yield b"a" * 65536

    tracemalloc.start()
    hosts, xml, _ = _parse(*endless())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(hosts) == 1
    assert xml.problem
    assert peak < 8_000_000


def test_what_follows_the_end_does_not_matter() -> None:
    hosts, xml, _ = _parse(_HEAD + _host(b"") + _TAIL + b"<junk", b"<more")
    assert (len(hosts), xml.finished, xml.problem) == (1, True, "")


def test_something_else_altogether_is_no_scan() -> None:
    hosts, xml, _ = _parse(b"a" * 3_000_000)
    assert hosts == []
    assert "no element" in xml.problem


def test_memory_does_not_grow_with_the_number_of_hosts() -> None:
    # tests/integration/runner feeds the whole runner a million ports.
    ports = b"".join(
        b'<port protocol="tcp" portid="%d"><state state="open"/></port>\n' % n
        for n in range(1, 501)
    )
    host = b"<host>" + _UP + b"<ports>" + ports + b"</ports></host>\n"

    def peak(hosts: int) -> int:
        xml = NmapXml(_Heard())
        tracemalloc.start()
        xml.feed(_HEAD)
        assert sum(len(h.ports) for _ in range(hosts) for h in xml.feed(host)) == hosts * 500
        measured = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return measured

    assert peak(20) < 1.5 * peak(2)


def test_long_texts_are_cut() -> None:
    inner = b'<hostscript><script id="s" output="' + b"x" * 100_000 + b'"/></hostscript>'
    assert len(_parse(_HEAD + _host(inner))[0][0].scripts["s"]) == 2048

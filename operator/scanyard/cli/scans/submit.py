"""`scanyard submit nmap` and `scanyard submit masscan`."""

from __future__ import annotations

import secrets
from typing import Any, get_args

import click

from scanyard.api.scanjob import ScriptCategory, Timing
from scanyard.cli import exit_codes
from scanyard.cli.scans.manifest import nmap_ports, scan_job
from scanyard.cli.scans.naming import generated_name
from scanyard.cli.scans.submit_options import Common, common_options, seconds
from scanyard.cli.scans.submitting import carry_out

Json = dict[str, Any]


@click.group()
def submit() -> None:
    """Start a scan: it waits in its queue, runs when its turn has come, and keeps what it found.

    Targets are addresses, networks such as 192.0.2.0/28, ranges such as 192.0.2.1-192.0.2.9, and
    DNS names.
    """


@submit.command(epilog=exit_codes.EXPLAINED, short_help="Scan with nmap.")
@click.option("--ports", "-p", metavar="LIST", help="Such as 22,80,8000-8100; else the top 1,000.")
@click.option("--udp-ports", metavar="LIST", help="UDP ports, with --syn beside TCP ones.")
@click.option("--top-ports", type=int, metavar="N", help="The N ports that are open most often.")
@click.option(
    "--connect", "technique", flag_value="Connect", help="Connect to ports: no privileges."
)
@click.option("--syn", "technique", flag_value="Syn", help="Half-open connections: raw sockets.")
@click.option("--udp", "technique", flag_value="Udp", help="UDP only: raw sockets.")
@click.option(
    "--discovery", "technique", flag_value="Discovery", help="Only find hosts: raw sockets."
)
@click.option("--rate", type=int, metavar="N", help="At most N packets a second.")
@click.option(
    "--timing",
    type=click.Choice(get_args(Timing), case_sensitive=False),
    metavar="NAME",
    help=f"How hurried: {', '.join(get_args(Timing))}.",
)
@click.option("--services", is_flag=True, help="Ask open ports which service they run.")
@click.option("--os", "system", is_flag=True, help="Guess the operating system: raw sockets.")
@click.option(
    "--scripts",
    multiple=True,
    type=click.Choice(get_args(ScriptCategory), case_sensitive=False),
    metavar="CATEGORY",
    help="Run nmap's scripts of this category; may be given several times: "
    f"{', '.join(get_args(ScriptCategory))}.",
)
@click.option("--skip-discovery", is_flag=True, help="Take all targets as up.")
@click.option("--no-arp", is_flag=True, help="Find hosts without ARP.")
@click.option("--max-retries", type=int, metavar="N", help="Repeat an unanswered probe N times.")
@click.option("--host-timeout", metavar="DURATION", help="Give up on a host after so long.")
@common_options
def nmap(
    common: Common,
    *,
    ports: str | None,
    udp_ports: str | None,
    top_ports: int | None,
    technique: str | None,
    rate: int | None,
    timing: str | None,
    services: bool,
    system: bool,
    scripts: tuple[str, ...],
    skip_discovery: bool,
    no_arp: bool,
    max_retries: int | None,
    host_timeout: str | None,
) -> int:
    """Scan TARGETs with nmap: which ports are open, and what answers there.

    \b
    scanyard submit nmap 192.0.2.0/28 --ports 1-1024 --wait
    scanyard submit nmap web.example.com --top-ports 100 --services
    scanyard submit nmap 192.0.2.7 --udp --ports 53,161 --priority high
    """
    options = {
        "technique": technique,
        "timing": timing,
        "serviceDetection": services,
        "osDetection": system,
        "scriptCategories": list(scripts),
        "skipHostDiscovery": skip_discovery,
        "disableArpPing": no_arp,
        "packetsPerSecond": rate,
        "maxRetries": max_retries,
        "hostTimeoutSeconds": seconds(host_timeout, "--host-timeout"),
    }
    wanted = nmap_ports(technique, ports, udp_ports, top_ports)
    return carry_out(common, _manifest(common, "nmap", wanted, options))


@submit.command(epilog=exit_codes.EXPLAINED, short_help="Scan with masscan.")
@click.option("--ports", "-p", metavar="LIST", help="TCP ports, such as 22,80,8000-8100.")
@click.option("--udp-ports", metavar="LIST", help="UDP ports, such as 53,161.")
@click.option("--rate", type=int, metavar="N", help="N packets a second (100).")
@click.option("--retries", type=int, metavar="N", help="Repeat unanswered probes.")
@click.option("--late-answers", metavar="DURATION", help="Wait so long after the last probe (10s).")
@common_options
def masscan(
    common: Common,
    *,
    ports: str | None,
    udp_ports: str | None,
    rate: int | None,
    retries: int | None,
    late_answers: str | None,
) -> int:
    """Scan TARGETs with masscan: large networks, fast. It needs raw sockets, and takes --ports.

    \b
    scanyard submit masscan 192.0.2.0/24 --ports 22,443 --rate 1000
    """
    options = {
        "packetsPerSecond": rate,
        "retries": retries,
        "waitSeconds": seconds(late_answers, "--late-answers"),
    }
    wanted = {"tcp": ports, "udp": udp_ports}
    return carry_out(common, _manifest(common, "masscan", wanted, options))


def _manifest(common: Common, scanner: str, ports: Json, options: Json) -> Json:
    name = common.name or generated_name(scanner, common.targets[0], secrets.choice)
    spec = {"scanner": scanner, **common.spec(), "ports": ports, scanner: options}
    return scan_job(name, common.access.namespace, spec, common.labels)

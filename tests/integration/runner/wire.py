"""Two network namespaces on a wire of their own: a scanner's and its targets'.

Nothing that is sent here can leave the machine: there is no way out of the two namespaces.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

SCANNER: Final = "192.0.2.1"
TARGET: Final = "192.0.2.2"
SECOND_TARGET: Final = "192.0.2.3"
NOBODY: Final = "192.0.2.9"
NAME: Final = "web.example"
"""Known to the scanner's namespace as TARGET and SECOND_TARGET."""

OPEN_TCP: Final = (22, 80)
"""Both targets answer here; TARGET also on UDP."""
OPEN_UDP: Final = 5300

_SERVER: Final = Path(__file__).with_name("target_server.py")


class Wire:
    """Made on entry, gone on exit, whatever is left of it."""

    def __init__(self, prefix: str) -> None:
        self.scanner = f"{prefix}-scanner"
        self.target = f"{prefix}-target"
        self._files = Path("/etc/netns") / self.scanner
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._connect()
            self._serve()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._remove()

    def inside(self, namespace: str) -> list[str]:
        """The start of a command that runs in one of the namespaces."""
        return ["ip", "netns", "exec", namespace]

    def _connect(self) -> None:
        for namespace in (self.scanner, self.target):
            _ip("netns", "add", namespace)
            _ip("-n", namespace, "link", "set", "lo", "up")
        peer = ("peer", "name", "eth0", "netns", self.target)
        _ip("link", "add", "eth0", "netns", self.scanner, "type", "veth", *peer)
        _ip("-n", self.scanner, "addr", "add", f"{SCANNER}/24", "dev", "eth0")
        for address in (TARGET, SECOND_TARGET):
            _ip("-n", self.target, "addr", "add", f"{address}/24", "dev", "eth0")
        for namespace in (self.scanner, self.target):
            _ip("-n", namespace, "link", "set", "eth0", "up")
        _ip("-n", self.scanner, "route", "add", "default", "via", TARGET)
        self._silence()
        # `ip netns exec` puts these over /etc: as in a Pod, names come from the hosts file alone.
        self._files.mkdir(parents=True)
        (self._files / "hosts").write_text(f"{TARGET} {NAME}\n{SECOND_TARGET} {NAME}\n")
        (self._files / "resolv.conf").write_text("nameserver 127.0.0.1\n")

    def _silence(self) -> None:
        """No packet but those of the scan: no IPv6, and no look for neighbours that are known."""
        for namespace in (self.scanner, self.target):
            setting = "net.ipv6.conf.all.disable_ipv6=1"
            subprocess.run([*self.inside(namespace), "sysctl", "-qw", setting], check=True)
        for here, there, addresses in (
            (self.scanner, self.target, (TARGET, SECOND_TARGET)),
            (self.target, self.scanner, (SCANNER,)),
        ):
            link = json.loads(_ip("-j", "-n", there, "link", "show", "eth0"))[0]["address"]
            for address in addresses:
                words = ("neigh", "replace", address, "lladdr", link, "dev", "eth0")
                _ip("-n", here, *words, "nud", "permanent")

    def _serve(self) -> None:
        command = [*self.inside(self.target), sys.executable, str(_SERVER), TARGET]
        self._server = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == b"ready\n"

    def _remove(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.communicate()
        for namespace in (self.scanner, self.target):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)
        shutil.rmtree(self._files, ignore_errors=True)


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
    return done.stdout

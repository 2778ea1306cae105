"""Certificates of a test's own authority, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, as files in PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA in a folder of its own."""

    folder: Path

    @property
    def file(self) -> Path:
        """The CA's certificate."""
        return self.folder / "ca.crt"

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """A new CA; the folder is made."""
        folder.mkdir()
        made = cls(folder)
        made._openssl(
            *("req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test authority"),
            *(*_NEW_KEY, "-keyout", "ca.key", "-out", "ca.crt"),
            *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
        )
        return made

    def issue(self, name: str, *, host: str = "IP:127.0.0.1", days: int = 2) -> Certificate:
        """A certificate for a host ("IP:..." or "DNS:...") that serves servers and clients."""
        self._openssl(
            *("req", "-nodes", "-subj", f"/CN={name}", *_NEW_KEY),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr"),
        )
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={host}\nauthorityKeyIdentifier=keyid\n")
        self._openssl(
            *("x509", "-req", "-days", str(days), "-in", f"{name}.csr", "-out", f"{name}.crt"),
            *("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"),
            *("-extfile", extensions.name),
        )
        return Certificate(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


#: Elliptic curves: made in milliseconds.
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")

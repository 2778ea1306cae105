#!/usr/bin/env python3
"""Services for a scanner to find: ``targets http:80 tls:443 ssh:22 dns:53``.

Each argument is a service and its port. They are as much of the real thing as nmap's service
detection needs for a full match; a soft match would make it try all its probes, for a minute.
Ports below 1024 need no root where net.ipv4.ip_unprivileged_port_start is 0.
"""

import signal
import socket
import socketserver
import ssl
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CERTIFICATE = "/etc/target.pem"
PATIENCE_SECONDS = 10.0


class Page(BaseHTTPRequestHandler):
    """A web page. The server's header is that of ``python3 -m http.server``."""

    server_version = "SimpleHTTP/0.6"
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        body = b"<html><title>A scan target</title></html>\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_arguments: object) -> None:
        """Says nothing: a scan is thousands of requests."""


class TlsServer(ThreadingHTTPServer):
    """Shakes hands in the connection's own thread, so that a silent client delays nobody."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )


class SshBanner(socketserver.BaseRequestHandler):
    """Greets like an SSH server, reads the client's greeting, and hangs up."""

    def handle(self) -> None:
        self.request.settimeout(PATIENCE_SECONDS)
        self.request.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
        self.request.recv(256)


class NameServer(socketserver.BaseRequestHandler):
    """Refuses every DNS question, except what its version is (``version.bind``)."""

    version = b"9.18.33-1~deb12u2-Debian"  # BIND's: one that nmap knows
    header = struct.Struct(">HHHHHH")

    def handle(self) -> None:
        question, sender = self.request
        if len(question) < self.header.size or question[2] & 0x80:
            return  # not a question
        sender.sendto(self.answer(question), self.client_address)

    def answer(self, question: bytes) -> bytes:
        number, flags, questions, *_ = self.header.unpack_from(question)
        asked = question[self.header.size :]
        if questions == 1 and b"\x07version\x04bind\x00\x00\x10\x00\x03" in asked:
            text = bytes([len(self.version)]) + self.version
            record = struct.pack(">HHHIH", 0xC00C, 16, 3, 0, len(text)) + text
            return self.header.pack(number, 0x8580, 1, 1, 0, 0) + asked + record
        refused = 0x8000 | flags & 0x7900 | 5
        return self.header.pack(number, refused, 0, 0, 0, 0)


class TcpServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


def make(service: str, port: int) -> socketserver.BaseServer:
    """The server of one argument."""
    address = ("0.0.0.0", port)
    match service:
        case "http":
            return ThreadingHTTPServer(address, Page)
        case "tls":
            return TlsServer(address)
        case "ssh":
            return TcpServer(address, SshBanner)
        case "dns":
            return socketserver.ThreadingUDPServer(address, NameServer)
    raise SystemExit(f"targets: unknown service {service!r}; known are http, tls, ssh, dns")


def main() -> None:
    # PID 1 has no default action for SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for argument in sys.argv[1:]:
        service, _, port = argument.partition(":")
        server = make(service, int(port))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"{service} on port {port} of {socket.gethostname()}")
    signal.pause()


if __name__ == "__main__":
    main()

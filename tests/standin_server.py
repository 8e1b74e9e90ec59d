"""A publisher on loopback that can do all that goes wrong on the way."""

import base64
import contextlib
import hashlib
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """A file. goog, linked: the hash headers of Google's storage (MD5) and of a hub (SHA-256, on a redirect)."""

    body: bytes
    etag: str = '"one"'
    goog: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class StandIn:
    """faults: what the next requests meet, in order; then all goes well. asked: path and Range header of each."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.faults: deque[str] = deque()
        self.asked: list[tuple[str, str]] = []
        self.ranges = True
        self.stalled = threading.Event()
        self.release = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"standin": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    standin: StandIn

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.standin.asked.append((self.path, wanted))
        fault = self.standin.faults.popleft() if self.standin.faults else ""
        if fault.isdecimal():
            self.send_error(int(fault))
        elif fault == "loop":
            self.standin.faults.append("loop")
            self._redirect(self.standin.url + self.path, {})
        elif fault.startswith("redirect"):
            self._redirect(self.standin.url + self.path, {"X-Linked-ETag": fault.partition(" ")[2]})
        else:
            served = self.standin.files.get(self.path.removeprefix(self.standin.url))
            if served is None:
                self.send_error(404)
                return
            with contextlib.suppress(ConnectionError):
                self._serve(served, wanted, fault)

    def _redirect(self, target: str, headers: dict[str, str]) -> None:
        self.send_response(302)
        for name, value in {"Location": target, "Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _serve(self, served: Served, wanted: str, fault: str) -> None:
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.standin.ranges else 0
        if fault != "rude" and self.headers.get("If-Range") != served.etag:
            start = 0
        body = served.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
        if served.goog is not None:
            md5 = base64.b64encode(hashlib.md5(served.goog, usedforsecurity=False).digest()).decode()
            self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={md5}")
        for name, value in {"ETag": served.etag, **served.headers}.items():
            self.send_header(name, value)
        body = self._frame(body, fault)
        self.end_headers()
        if fault.startswith("cut"):
            self.wfile.write(body[: int(fault.partition(" ")[2] or len(body) // 2)])
        elif fault == "stall":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.standin.stalled.set()
            self.standin.release.wait(60)
        else:
            self.wfile.write(body)

    def _frame(self, body: bytes, fault: str) -> bytes:
        """Say where the body ends: by its length (or a false one), by a last chunk, or not at all."""
        if fault == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            return f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        if fault != "unframed":
            self.send_header("Content-Length", fault.partition("claims ")[2] or str(len(body)))
        return body

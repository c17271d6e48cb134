"""A ClickHouse to send to: its HTTP interface on loopback, over the real engine in this process.

Run as a program: `python clickhouse_http.py DIRECTORY PASSWORD`; it prints its port. The user is
`loader`. What it does of the interface: a statement in the body with its data behind, the user and
password in headers, and the code of an exception in one.
"""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

USER = "loader"


def serve(directory: str, password: str) -> None:
    from chdb.session import Session

    session: Any = Session(directory)  # type: ignore[no-untyped-call]  # chdb has no types
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            given = self.headers.get("x-clickhouse-user"), self.headers.get("x-clickhouse-key")
            if given != (USER, password):
                self._answer(403, b"Code: 516. DB::Exception: loader: Authentication failed", 516)
                return
            try:
                with lock:
                    answer = session.query(body.decode())
            except RuntimeError as error:
                told = str(error)
                found = re.search(r"Code: ([0-9]+)", told)
                self._answer(500, told.encode(), int(found[1]) if found else 0)
                return
            self._answer(200, answer.bytes() if answer is not None else b"")

        def _answer(self, status: int, body: bytes, code: int = 0) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-ClickHouse-Exception-Code", str(code))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


@contextmanager
def running_clickhouse(directory: Path, password: str) -> Iterator[str]:
    """Give the address of a running server."""
    environment: dict[str, Any] = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, __file__, str(directory), password],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])

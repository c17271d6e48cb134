"""The built web files, held in memory: a few hundred kilobytes that never change while we run."""

import gzip
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from litestar.types import HTTPScope, Send

from tailrace.app.problems import METHOD, NOT_FOUND, ProblemError, send_problem

STATIC_DIR = Path(__file__).parent / "static"
INDEX = "/index.html"

_FOREVER = "public, max-age=31536000, immutable"
_CHECK_FIRST = "no-cache"
_COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")
_GZIP_BYTES_MIN = 1_024
_PRECOMPRESSED = (("br", ".br"), ("gzip", ".gz"))

NOT_BUILT = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tailrace</title>
<h1>Tailrace is running</h1>
<p>The API works; the web app was not built. In a checkout, <code>pip install --editable .</code>
builds it; a wheel carries it.</p>
</html>
"""


class WebFile(NamedTuple):
    """One file: how it is told to browsers, and its bytes by content encoding ("" is plain)."""

    media_type: str
    cache_control: str
    bodies: Mapping[str, bytes]

    def best(self, accept_encoding: str) -> tuple[str, bytes]:
        """Return the smallest form that the browser takes, with its encoding."""
        accepted = {
            part.split(";")[0].strip().lower()
            for part in accept_encoding.split(",")
            if part.replace(" ", "").lower().rpartition(";q=")[2] not in {"0", "0.0", "0.00"}
        }
        for encoding in ("br", "gzip"):
            if encoding in accepted and encoding in self.bodies:
                return encoding, self.bodies[encoding]
        return "", self.bodies[""]


class WebFiles:
    """The files below a directory by their path in the URL."""

    def __init__(self, directory: Path = STATIC_DIR) -> None:
        self._files: dict[str, WebFile] = {}
        if directory.is_dir():
            packed = {suffix for _, suffix in _PRECOMPRESSED}
            for path in sorted(directory.rglob("*")):
                if path.is_file() and path.suffix not in packed:
                    self._files["/" + path.relative_to(directory).as_posix()] = _read(path)

    def find(self, path: str) -> WebFile | None:
        """Return the file at the path, or the app's page for the addresses of its own pages.

        None for a path that looks like a file and is none, such as an asset of an older build.
        """
        file = self._files.get(path)
        if file is None and "." not in path.rpartition("/")[2]:
            file = self._files.get(INDEX) or WebFile(
                "text/html; charset=utf-8", _CHECK_FIRST, {"": NOT_BUILT}
            )
        return file


def _read(path: Path) -> WebFile:
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if media_type == "text/javascript":
        media_type = "application/javascript"
    plain = path.read_bytes()
    bodies = {"": plain}
    for encoding, suffix in _PRECOMPRESSED:
        packed = path.with_name(path.name + suffix)
        if packed.is_file():
            bodies[encoding] = packed.read_bytes()
    is_text = media_type.startswith(_COMPRESSIBLE)
    if is_text and "gzip" not in bodies and len(plain) >= _GZIP_BYTES_MIN:
        bodies["gzip"] = gzip.compress(plain, 9, mtime=0)
    if is_text:
        media_type += "; charset=utf-8"
    # Vite puts a hash of the content into the names below assets/.
    is_hashed = path.parent.name == "assets"
    return WebFile(media_type, _FOREVER if is_hashed else _CHECK_FIRST, bodies)


def is_page_path(path: str) -> bool:
    """Tell whether a path belongs to the web app and not to the API or to monitoring."""
    return path not in _NOT_PAGES and not path.startswith("/api/")


_NOT_PAGES = frozenset({"/api", "/healthz", "/readyz", "/metrics"})


async def serve_web(files: WebFiles, scope: HTTPScope, send: Send) -> None:
    """Answer a request for the web app."""
    method = scope["method"]
    if method not in ("GET", "HEAD"):
        problem = ProblemError(
            METHOD, f"a page takes GET and HEAD, not {method}", allow="GET, HEAD"
        )
        await send_problem(problem, send)
        return
    file = files.find(scope["path"])
    if file is None:
        await send_problem(ProblemError(NOT_FOUND, "there is no such file"), send)
        return
    headers = dict(scope["headers"])
    encoding, body = file.best(headers.get(b"accept-encoding", b"").decode("latin-1"))
    answer = [
        (b"content-type", file.media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", file.cache_control.encode()),
        (b"vary", b"accept-encoding"),
    ]
    if encoding:
        answer.append((b"content-encoding", encoding.encode()))
    await send({"type": "http.response.start", "status": 200, "headers": answer})
    await send(
        {
            "type": "http.response.body",
            "body": b"" if method == "HEAD" else body,
            "more_body": False,
        }
    )

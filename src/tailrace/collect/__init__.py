"""Collection: HTTP in, a durable record out, and only then the answer.

`make_app(config, log)` is the ASGI application over any log; `serve_collect(config, log, stop=...)`
runs it in this process; `run_collector(config, stop=...)` does so over the data directory's log.

The way of a request: `app` (dispatch) -> `intake` (read, unpack, check, find the source) ->
`commit` (one append for all requests that came during the last one) -> `answers`.

Invariants
- No 200 to events before their append has returned (`commit`); only pixels, which always show their
  picture, and self-metrics, which are no events, are answered otherwise.
- Every refusal is a `Refused` with a code of `refusals.REASONS`, and is counted.
- Everything read is bounded: head, body, unpacked body, depth, time, connections, queue.
"""

from tailrace.collect.app import Collector, make_app
from tailrace.collect.server import run_collector, serve_collect

__all__ = ["Collector", "make_app", "run_collector", "serve_collect"]

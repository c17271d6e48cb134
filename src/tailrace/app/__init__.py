"""The app server: the store and its loader, the API, the built web files, in one process.

`run_app` opens the parts and serves until told to stop. A request passes `border` (hosts, headers,
access log), then `access` (token or session), then a route, which hands anything that blocks to
`workers`. Every answer has a bound, every error is a problem document.
"""

from tailrace.app.application import make_app
from tailrace.app.server import run_app

__all__ = ["make_app", "run_app"]

"""The collector as an ASGI application: lifespan, dispatch, and the sending of answers.

The usual request, a POST of a call or a batch, is one dict look-up away from `Intake.post`.
Everything rarer goes through `_answer`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from tailrace.collect import answers, metrics, routes
from tailrace.collect.answers import Answer, CrossOrigin
from tailrace.collect.bodies import Deadlines, Receive
from tailrace.collect.commit import Committer
from tailrace.collect.intake import Intake
from tailrace.collect.pages import Pages
from tailrace.collect.refusals import Refused
from tailrace.collect.sources import Senders
from tailrace.config import Config, Source
from tailrace.errors import TransientError
from tailrace.log.contract import RAW, Log

Scope = Mapping[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Collector:
    """One collector: an ASGI application that owns one partition of the raw log while it runs.

    The server must speak the lifespan protocol. `failure` is set, and `on_failure` called, when
    the log's writer could not be had or broke for good: the process should end.

    `sources_problem` tells why changes of the sources may not arrive just now.
    """

    def __init__(self, config: Config, log: Log) -> None:
        self._config = config.collect
        self._log = log
        self._senders = Senders(config.known_sources, collectors=config.collect.workers)
        self._cross_origin = CrossOrigin()
        self._pages = Pages(
            config.collect, self._senders, self._refusing, lambda: self.sources_problem()
        )
        self._committer: Committer | None = None
        self._deadlines: Deadlines | None = None
        self._intake: Intake | None = None
        self.failure: BaseException | None = None
        self.on_failure: Callable[[], None] | None = None
        self.sources_problem: Callable[[], str] = str

    def obey(self, sources: Iterable[Source]) -> None:
        """Take events of these sources from now on; may be called from any thread."""
        senders = Senders(sources, collectors=self._config.workers, before=self._senders)
        self._senders = self._pages.senders = senders
        if self._intake is not None:
            self._intake.senders = senders

    def used_keys(self) -> list[str]:
        """Return the write keys that were used since this was last asked."""
        return self._senders.take_used()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        route = routes.POSTS.get(scope["path"]) if scope["method"] == "POST" else None
        try:
            if route is not None and self._intake is not None:
                await self._intake.post(route, scope, headers, receive)
                answer, fields = answers.SUCCESS, self._cross_origin.success(origin)
            elif scope["method"] == "OPTIONS":
                asked = headers.get(b"access-control-request-headers", b"")
                answer, fields = answers.NO_CONTENT, self._cross_origin.preflight(origin, asked)
            else:
                answer = await self._answer(scope, headers, receive)
                fields = self._cross_origin.headers(answer, origin)
        except Refused as refused:
            metrics.REFUSED.labels(refused.source, refused.code).inc()
            answer = answers.refusal(refused)
            fields = self._cross_origin.headers(answer, origin)
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Answer:
        """Answer what is not a POST to one of the usual paths, spelled the usual way."""
        intake = self._intake
        if intake is None:
            raise _stopping()
        method, path = scope["method"], routes.normal_path(scope["path"])
        if path in routes.PIXELS and method in ("GET", "HEAD"):
            if method == "GET":
                await self._count_pixel(intake, path, scope, headers)
            return answers.PIXEL
        if method == "POST":
            await self._post(intake, path, scope, headers, receive)
            return answers.SUCCESS
        if method in ("GET", "HEAD") and not routes.takes_posts(path):
            return await self._pages.answer(path, scope, headers)
        expected = "POST" if routes.takes_posts(path) else "GET"
        raise Refused("method_not_allowed", f"the method is {method[:20]}; expected {expected}")

    async def _post(
        self,
        intake: Intake,
        path: str,
        scope: Scope,
        headers: dict[bytes, bytes],
        receive: Receive,
    ) -> None:
        if route := routes.POSTS.get(path):
            await intake.post(route, scope, headers, receive)
        elif path == routes.SELF_METRICS:
            await intake.self_metrics(headers, receive)
        elif path.startswith(routes.WEBHOOK):
            await intake.webhook(path.removeprefix(routes.WEBHOOK), scope, headers, receive)
        elif path.startswith(routes.JSON):
            await intake.json(path.removeprefix(routes.JSON), scope, headers, receive)
        else:
            raise Refused(
                "not_found", "POST finds nothing here; events go to /v1/batch, /v1/track ..."
            )

    async def _count_pixel(
        self, intake: Intake, path: str, scope: Scope, headers: dict[bytes, bytes]
    ) -> None:
        """Take the event in; a mail shows its picture whatever became of it."""
        try:
            await intake.pixel(routes.PIXELS[path], scope, headers)
        except Refused as refused:
            metrics.REFUSED.labels(refused.source, refused.code).inc()

    # Starting and stopping.

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    self._start()
                except Exception as error:  # noqa: BLE001 - without a log it must not serve
                    self.failure = error
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._committer = Committer(
            self._log.writer(RAW),
            loop=loop,
            queue_bytes_max=self._config.queue_bytes_max,
            fsync_timeout_s=self._config.fsync_timeout_s,
            on_failure=self._fail,
        )
        self._deadlines = Deadlines(loop, timeout_s=self._config.body_timeout_s)
        self._intake = Intake(self._config, self._senders, self._committer, self._deadlines)
        # They may have been replaced since, by a thread that found no intake yet.
        self._intake.senders = self._senders

    async def _stop(self) -> None:
        if self._committer is not None and self._deadlines is not None:
            if not await self._committer.close():
                self.failure = TransientError("an append to the raw log does not end")
            self._deadlines.close()

    def hurry(self, timeout_s: float) -> None:
        """Make those who wait for the disk wait no longer than this; the server is stopping."""
        if self._committer is not None:
            self._committer.hurry(timeout_s)

    def _fail(self, error: BaseException) -> None:
        logger.error("the writer of the raw log broke; this collector ends", exc_info=error)
        self.failure = error
        if self.on_failure is not None:
            self.on_failure()

    def _refusing(self) -> Refused | None:
        return self._committer.refusing() if self._committer is not None else _stopping()


def _stopping() -> Refused:
    return Refused("stopping", "the collector is not running; send it again", retry_after_s=1)


def make_app(config: Config, log: Log) -> Collector:
    """Return the collector's ASGI application over any log.

    Its sources are those that settings and environment name, until it is told of others. Only
    `Log.writer` and the writer's `append` and `close` are used, so a log that keeps nothing
    shows what the disk costs (`bench/collectors.py`).
    """
    return Collector(config, log)

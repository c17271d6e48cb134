"""What each path that reads answers."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tailrace import __version__
from tailrace.app.elastic.capabilities import capabilities, field_mapping, mapping
from tailrace.app.elastic.contexts import Contexts
from tailrace.app.elastic.errors import INDEX, ElasticError, as_elastic_error, bad_request
from tailrace.app.elastic.hits import source_of
from tailrace.app.elastic.indices import covers_events
from tailrace.app.elastic.requests import Ask, Json, lines_of, object_of
from tailrace.app.elastic.searches import SHARDS, Searches
from tailrace.app.elastic.shapes import Search, read_search
from tailrace.app.parts import Parts
from tailrace.control.permissions import Principal
from tailrace.errors import TailraceError
from tailrace.query import Fields
from tailrace.query.counting import SAMPLE_MAX

VERSION: Final = "8.17.0"
SEARCHES_MAX: Final = 100
# The newest events tell the fields; where the last day has too few of them, older ones do too.
_FIELDS_SINCE: Final = ("24h", "30d", "10y")
_READS: Final = ("GET", "POST")
_CHANGING: Final = frozenset(
    {
        *("_update", "_delete_by_query", "_update_by_query", "_reindex", "_aliases", "_forcemerge"),
        *("_rollover", "_close", "_open", "_shrink", "_split", "_clone", "_refresh", "_flush"),
    }
)

Answer = tuple[int, Any]
Service = Callable[[Ask, Principal], Awaitable[Answer]]


class Services:
    """Answers requests that read; used on one event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._contexts = Contexts()
        self._searches = Searches(parts.questions)

    def of(self, ask: Ask) -> Service:
        """Return what answers a path.

        Raises:
            ElasticError: 404, 405 or 501, nothing does.
        """
        found = self._found(ask.parts)
        if found is None:
            raise _not_offered(ask)
        methods, service = found
        if ask.method not in methods and not (ask.method == "HEAD" and "GET" in methods):
            raise _wrong_method(ask, methods)
        return service

    def _found(self, parts: Sequence[str]) -> tuple[tuple[str, ...], Service] | None:
        match tuple(parts):
            case ():
                return ("GET",), self._root
            case ("_cluster", "health") | ("_cluster", "health", _):
                return ("GET",), self._health
            case ("_cat", "indices") | ("_cat", "indices", _):
                return ("GET",), self._cat_indices
            case ("_resolve", "index", _):
                return ("GET",), self._resolve
            case ("_search",) | (_, "_search"):
                return _READS, self._search
            case ("_msearch",) | (_, "_msearch"):
                return _READS, self._msearch
            case ("_count",) | (_, "_count"):
                return _READS, self._count
            case ("_async_search",) | (_, "_async_search"):
                return ("POST",), self._async_search
            case ("_search", "scroll") | ("_search", "scroll", _):
                return ("GET", "POST", "DELETE"), self._scroll
            case ("_pit",):
                return ("DELETE",), self._close_pit
            case (_, "_pit"):
                return ("POST",), self._open_pit
            case ("_search", "point_in_time"):
                return ("DELETE",), self._close_points
            case (_, "_search", "point_in_time"):
                return ("POST",), self._open_point
            case ("_field_caps",) | (_, "_field_caps"):
                return _READS, self._field_caps
            case ("_mapping",) | (_, "_mapping"):
                return ("GET",), self._mapping
            case ("_mapping", "field", _) | (_, "_mapping", "field", _):
                return ("GET",), self._field_mapping
            case (_, "_doc", _) | (_, "_source", _):
                return ("GET",), self._document
            case (name,) if not name.startswith("_"):
                return ("GET",), self._index
        return None

    # What the server is ----------------------------------------------------------------------

    async def _root(self, ask: Ask, principal: Principal) -> Answer:
        return 200, {
            "name": "tailrace",
            "cluster_name": "tailrace",
            "cluster_uuid": "tailrace",
            "version": {
                "number": VERSION,
                "build_flavor": "default",
                "build_type": "tar",
                "build_hash": f"tailrace-{__version__}",
                "build_snapshot": False,
                "lucene_version": "9.12.0",
                "minimum_wire_compatibility_version": "7.17.0",
                "minimum_index_compatibility_version": "7.0.0",
            },
            "tagline": "You Know, for Search",
        }

    async def _health(self, ask: Ask, principal: Principal) -> Answer:
        return 200, {
            "cluster_name": "tailrace",
            "status": "green",
            "timed_out": False,
            "number_of_nodes": 1,
            "number_of_data_nodes": 1,
            "active_primary_shards": 1,
            "active_shards": 1,
            "relocating_shards": 0,
            "initializing_shards": 0,
            "unassigned_shards": 0,
            "active_shards_percent_as_number": 100.0,
        }

    async def _cat_indices(self, ask: Ask, principal: Principal) -> Answer:
        names = ask.parts[2] if len(ask.parts) == 3 else None
        if not covers_events(names, ignores_unknown=False):
            return 200, []
        return 200, [{"health": "green", "status": "open", "index": INDEX, "pri": "1", "rep": "0"}]

    async def _resolve(self, ask: Ask, principal: Principal) -> Answer:
        is_there = covers_events(ask.parts[2], ignores_unknown=False)
        indices = [{"name": INDEX, "attributes": ["open"]}] if is_there else []
        return 200, {"indices": indices, "aliases": [], "data_streams": []}

    async def _index(self, ask: Ask, principal: Principal) -> Answer:
        if not _covers(ask):
            return (404, {}) if ask.method == "HEAD" else (200, {})
        found = mapping(await self._fields())
        return 200, {INDEX: {"aliases": {}, **found[INDEX], "settings": {}}}

    # Fields ----------------------------------------------------------------------------------

    async def _field_caps(self, ask: Ask, principal: Principal) -> Answer:
        given = ask.parameters.get("fields") or ask.json().get("fields", "*")
        patterns = given.split(",") if isinstance(given, str) else given
        if not isinstance(patterns, list) or not all(isinstance(one, str) for one in patterns):
            raise bad_request("[fields] is no list of names")
        if not _covers(ask):
            return 200, {"indices": [], "fields": {}}
        return 200, capabilities(await self._fields(), patterns[:1_000])

    async def _mapping(self, ask: Ask, principal: Principal) -> Answer:
        return 200, mapping(await self._fields()) if _covers(ask) else {}

    async def _field_mapping(self, ask: Ask, principal: Principal) -> Answer:
        index = ask.parts[0] if ask.parts[0] != "_mapping" else None
        if not covers_events(index, ignores_unknown=ask.flag("ignore_unavailable")):
            return 200, {}
        return 200, field_mapping(await self._fields(), ask.parts[-1].split(","))

    async def _fields(self) -> Fields:
        for since in _FIELDS_SINCE:
            found = await self._parts.asking.run(self._parts.questions.fields, since)
            if found.sampled >= SAMPLE_MAX:
                break
        return found

    # Searches --------------------------------------------------------------------------------

    async def _search(self, ask: Ask, principal: Principal) -> Answer:
        search = read_search(ask.json(), ask, now=_now())
        scroll = ask.parameters.get("scroll")
        if scroll is not None:
            return 200, await self._first_of_scroll(
                ask, search_with_room(search), principal, scroll
            )
        pit = None
        if search.pit_id is not None:
            if _index_of(ask) is not None:
                raise bad_request("[indices] cannot be used with point in time")
            pit = self._contexts.find(
                "pit", search.pit_id, actor=principal.actor, keep_alive=search.pit_keep_alive
            )
        is_there = _covers(ask) if pit is None else pit.index_matches
        return 200, await self._parts.asking.run(
            self._searches.answer, search, ask, is_there=is_there, pit=pit
        )

    async def _msearch(self, ask: Ask, principal: Principal) -> Answer:
        started = time.monotonic()
        lines = lines_of(ask.body)
        if len(lines) % 2 or len(lines) > 2 * SEARCHES_MAX:
            raise bad_request(
                f"_msearch takes 1 to {SEARCHES_MAX} searches of two lines each, a header and a "
                f"body; there are {len(lines)} lines"
            )
        pairs = [(lines[at], lines[at + 1]) for at in range(0, len(lines), 2)]
        now = _now()

        def answer_all() -> list[Json]:
            return [self._one_of_many(ask, header, body, now) for header, body in pairs]

        responses = await self._parts.asking.run(answer_all)
        return 200, {"took": _ms_since(started), "responses": responses}

    def _one_of_many(self, ask: Ask, header: bytes, body: bytes, now: datetime) -> Json:
        """Return what stands in the place of one search: its answer, or its error."""
        try:
            about = object_of(header) if header.strip() else {}
            index = about.get("index", _index_of(ask))
            ignores = about.get("ignore_unavailable", False) in (True, "true")
            is_there = covers_events(index, ignores_unknown=ignores)
            search = read_search(object_of(body), _without_window(ask), now=now)
            return {**self._searches.answer(search, ask, is_there=is_there), "status": 200}
        except ElasticError as error:
            return error.body()
        except (TailraceError, RecursionError) as error:
            return as_elastic_error(error).body()

    async def _count(self, ask: Ask, principal: Principal) -> Answer:
        body = ask.json()
        if set(body) - {"query"}:
            raise bad_request("request does not support anything but [query]")
        search = replace(read_search(body, ask, now=_now()), size=0)
        found = await self._parts.asking.run(self._searches.count, search, is_there=_covers(ask))
        return 200, {"count": found, "_shards": SHARDS}

    async def _async_search(self, ask: Ask, principal: Principal) -> Answer:
        begun_ms = int(time.time() * 1000)
        search = read_search(ask.json(), ask, now=_now())
        response = await self._parts.asking.run(
            self._searches.answer, search, ask, is_there=_covers(ask)
        )
        ended_ms = int(time.time() * 1000)
        return 200, {
            "is_partial": False,
            "is_running": False,
            "start_time_in_millis": begun_ms,
            "expiration_time_in_millis": ended_ms,
            "completion_time_in_millis": ended_ms,
            "response": response,
        }

    # Page by page ----------------------------------------------------------------------------

    async def _first_of_scroll(
        self, ask: Ask, search: Search, principal: Principal, keep_alive: str
    ) -> Json:
        is_there = _covers(ask)
        context = self._contexts.open(
            "scroll",
            actor=principal.actor,
            keep_alive=keep_alive,
            search=search,
            index_matches=is_there,
        )
        answer, after = await self._parts.asking.run(
            self._searches.scroll, context, ask, is_there=is_there
        )
        self._contexts.go_on(context, search=after)
        return {"_scroll_id": context.id, **answer}

    async def _scroll(self, ask: Ask, principal: Principal) -> Answer:
        body = ask.json()
        given = (
            ask.parts[2]
            if len(ask.parts) == 3
            else body.get("scroll_id", ask.parameters.get("scroll_id"))
        )
        if ask.method == "DELETE":
            closed = self._contexts.close(_ids(given), kind="scroll", actor=principal.actor)
            return (200 if closed or given == "_all" else 404), {
                "succeeded": True,
                "num_freed": closed,
            }
        keep_alive = body.get("scroll", ask.parameters.get("scroll"))
        if keep_alive is not None and not isinstance(keep_alive, str):
            raise bad_request("[scroll] is no time such as 1m")
        context = self._contexts.find("scroll", given, actor=principal.actor, keep_alive=keep_alive)
        answer, after = await self._parts.asking.run(
            self._searches.scroll, context, ask, is_there=context.index_matches
        )
        self._contexts.go_on(context, search=after)
        return 200, {"_scroll_id": context.id, **answer}

    async def _open_pit(self, ask: Ask, principal: Principal) -> Answer:
        keep_alive = ask.parameters.get("keep_alive")
        if keep_alive is None:
            raise bad_request("[keep_alive] is missing")
        context = self._contexts.open(
            "pit", actor=principal.actor, keep_alive=keep_alive, index_matches=_covers(ask)
        )
        return 200, {"id": context.id, "_shards": SHARDS}

    async def _close_pit(self, ask: Ask, principal: Principal) -> Answer:
        given = _ids(ask.json().get("id"))
        closed = self._contexts.close(given, kind="pit", actor=principal.actor)
        return (200 if closed else 404), {"succeeded": True, "num_freed": closed}

    async def _open_point(self, ask: Ask, principal: Principal) -> Answer:
        """Open a point in time as OpenSearch's clients do."""
        status, opened = await self._open_pit(ask, principal)
        return status, {
            "pit_id": opened["id"],
            "_shards": SHARDS,
            "creation_time": int(time.time() * 1000),
        }

    async def _close_points(self, ask: Ask, principal: Principal) -> Answer:
        given = _ids(ask.json().get("pit_id")) or []
        pits = [
            {
                "successful": bool(self._contexts.close([one], kind="pit", actor=principal.actor)),
                "pit_id": one,
            }
            for one in given
        ]
        return 200, {"pits": pits}

    # One event -------------------------------------------------------------------------------

    async def _document(self, ask: Ask, principal: Principal) -> Answer:
        index, kind, document_id = ask.parts
        covers_events(index, ignores_unknown=False)
        found = await self._parts.asking.run(self._parts.questions.event, document_id)
        if found is None:
            if kind == "_source":
                raise ElasticError(
                    404, "resource_not_found_exception", f"Document not found [{document_id[:200]}]"
                )
            return 404, {"_index": INDEX, "_id": document_id, "found": False}
        source = source_of(found)
        source.pop("original", None)
        if kind == "_source":
            return 200, source
        about = {"_index": INDEX, "_id": found.message_id, "_version": 1}
        return 200, {**about, "found": True, "_source": source}


def search_with_room(search: Search) -> Search:
    """Return the search of a scroll, which has neither a beginning nor no hits."""
    if search.offset:
        raise bad_request("using [from] is not allowed in a scroll context")
    if not search.size:
        raise bad_request("[size] cannot be [0] in a scroll context")
    if search.pit_id is not None or search.after is not None:
        raise bad_request("[scroll] cannot be used with a point in time or [search_after]")
    return search


def _index_of(ask: Ask) -> str | None:
    """Return the names of indices that begin a path."""
    return ask.parts[0] if ask.parts and not ask.parts[0].startswith("_") else None


def _covers(ask: Ask) -> bool:
    return covers_events(_index_of(ask), ignores_unknown=ask.flag("ignore_unavailable"))


def _without_window(ask: Ask) -> Ask:
    """Return the request without what its address could say of one search."""
    return replace(ask, parameters={})


def _ids(given: Any) -> list[str] | None:
    """Return ids, None for all."""
    if given is None or given == "_all":
        return None
    many = [given] if isinstance(given, str) else given
    if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
        raise bad_request("ids are neither a text nor a list of texts")
    return [part for one in many[:1_000] for part in one.split(",")]


def _not_offered(ask: Ask) -> ElasticError:
    path = "/" + "/".join(ask.parts)[:200]
    if ask.method in ("PUT", "DELETE", "PATCH") or _CHANGING.intersection(ask.parts):
        return ElasticError(
            405,
            "method_not_allowed_exception",
            f"{ask.method[:20]} {path} would change what is stored, which is not offered; events "
            "are added by _bulk, _doc and _create",
        )
    if any(part.startswith("_") for part in ask.parts):
        return ElasticError(
            501, "not_implemented_exception", f"{path} is not offered by this interface"
        )
    return ElasticError(
        404,
        "invalid_request_exception",
        f"no handler found for uri [{path}] and method [{ask.method[:20]}]",
    )


def _wrong_method(ask: Ask, methods: Sequence[str]) -> ElasticError:
    allowed = ", ".join(methods)
    return ElasticError(
        405,
        "method_not_allowed_exception",
        f"Incorrect HTTP method for uri [/{'/'.join(ask.parts)[:200]}] and method "
        f"[{ask.method[:20]}], allowed: [{allowed}]",
        allow=allowed,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _ms_since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)

"""What a destination gets and what it makes of it, as people send it: filters, subscriptions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tailrace.config import Slug
from tailrace.control.shapes import Name
from tailrace.destinations import Destination
from tailrace.destinations.payloads import payload_fields
from tailrace.errors import ChangeError
from tailrace.filters import FilterError, compile_trigger, read_filter
from tailrace.filters.actions import ACTIONS_MAX, FILTERS_MAX, KEYS_MAX, OBJECTS_MAX
from tailrace.mappings import MappingError, compile_mapping

SUBSCRIPTIONS_MAX: Final = 50
TEXT_LENGTH_MAX: Final = 5_000
KEPT_BYTES_MAX: Final = 131_072
"""How much the filters or the subscriptions of one destination are, as JSON."""
WHOLE_MAX: Final = 2**63

FilterText = Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
Key = Annotated[str, Meta(max_length=500)]
Keys = Annotated[list[Key], Meta(min_length=1, max_length=KEYS_MAX)]


class FilterAction(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a filter does with the events that match.

    `percent` (0 to 1) and `path` are for `SAMPLE`, `fields` (keys by the paths of objects) for the
    two of properties.
    """

    type: Literal["DROP", "SAMPLE", "DROP_PROPERTIES", "ALLOW_PROPERTIES"]
    percent: Annotated[float, Meta(ge=0, le=1)] | None = None
    path: Annotated[str, Meta(max_length=500)] = ""
    fields: Annotated[dict[Key, Keys], Meta(min_length=1, max_length=OBJECTS_MAX)] | None = None


class FilterDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to the events that a filter text matches.

    The text is in the filter language (`fql`) or in that of the search bar (`lucene`).
    """

    if_: FilterText = msgspec.field(name="if")
    actions: Annotated[list[FilterAction], Meta(min_length=1, max_length=ACTIONS_MAX)]
    title: Name = ""
    enabled: bool = True
    language: Literal["fql", "lucene"] | UnsetType = UNSET


class SubscriptionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One use of an action: the events that it is for, and what it is given of them.

    `mapping` says by the action's fields what fills them; a field that it leaves out is filled as
    the action does by default.
    """

    slug: Slug
    action: Slug
    name: Name = ""
    enabled: bool = True
    trigger: FilterText = "all"
    mapping: Annotated[dict[Key, Any], Meta(max_length=100)] = {}


Filters = Annotated[list[FilterDraft], Meta(max_length=FILTERS_MAX)]
Subscriptions = Annotated[list[SubscriptionDraft], Meta(max_length=SUBSCRIPTIONS_MAX)]


def kept_filters(filters: Sequence[FilterDraft]) -> list[dict[str, Any]]:
    """Return filters as they are kept: whole, defaults in place.

    Raises:
        ChangeError: one is none; the error names its field, and the place in its text.
    """
    kept: list[dict[str, Any]] = []
    for i, each in enumerate(filters):
        where = f"filters[{i}]"
        actions = [_kept_action(one, f"{where}.actions[{k}]") for k, one in enumerate(each.actions)]
        plain: dict[str, Any] = {"if": each.if_, "actions": actions}
        if each.language == "lucene":
            plain["language"] = each.language
        try:
            read_filter(plain)
        except FilterError as error:
            place, _, rest = str(error).partition(" ")
            if place.startswith("actions["):
                raise _refused(
                    f"{where}.{place.split('[')[0]}", error, f"{place} {rest}"
                ) from error
            raise _refused(f"{where}.if", error, str(error)) from error
        kept.append({**plain, "title": each.title, "enabled": each.enabled})
    _require_storable(kept, "filters")
    return kept


def kept_subscriptions(
    subscriptions: Sequence[SubscriptionDraft], destination: Destination
) -> list[dict[str, Any]]:
    """Return subscriptions to the actions of a type as they are kept: whole, defaults in place.

    Raises:
        ChangeError: one is wrong; the error names its field, and the place in its text.
    """
    seen: set[str] = set()
    for i, each in enumerate(subscriptions):
        where = f"subscriptions[{i}]"
        if each.slug in seen:
            raise _wrong(f"{where}.slug", f"'{each.slug}' is the slug of another one too")
        seen.add(each.slug)
        _check(each, destination, where)
    kept: list[dict[str, Any]] = msgspec.to_builtins(list(subscriptions))
    _require_storable(kept, "subscriptions")
    return kept


def _check(each: SubscriptionDraft, destination: Destination, where: str) -> None:
    action = next((one for one in destination.actions if one.slug == each.action), None)
    if action is None:
        known = ", ".join(f"'{one.slug}'" for one in destination.actions) or "none"
        raise _wrong(
            f"{where}.action",
            f"there is no action '{each.action}'; {destination.name} has {known}",
        )
    try:
        compile_trigger(each.trigger)
    except FilterError as error:
        raise _refused(f"{where}.trigger", error, str(error)) from error
    fields = payload_fields(action.fields).mapped
    for name, mapping in each.mapping.items():
        at = f"{where}.mapping.{name[:100]}"
        if name not in fields:
            raise _wrong(at, f"is no field; '{action.slug}' has {', '.join(fields)}")
        try:
            compile_mapping(mapping)
        except MappingError as error:
            raise _wrong(at, str(error)) from error
    for name, field in fields.items():
        if field.is_required and each.mapping.get(name, field.about.default) is None:
            raise _wrong(f"{where}.mapping.{name}", "is required: nothing fills it")


def _kept_action(action: FilterAction, where: str) -> dict[str, Any]:
    """Return an action with what belongs to its type and nothing else."""
    allowed = {"SAMPLE": {"percent", "path"}}.get(action.type, {"fields"})
    if action.type == "DROP":
        allowed = set()
    given = {
        name: value
        for name, value in (
            ("percent", action.percent),
            ("path", action.path),
            ("fields", action.fields),
        )
        if value not in (None, "")
    }
    for name in given:
        if name not in allowed:
            raise _wrong(f"{where}.{name}", f"{action.type} has no such option")
    if action.type != "DROP" and not given.keys() & {"percent", "fields"}:
        name = "percent" if action.type == "SAMPLE" else "fields"
        raise _wrong(f"{where}.{name}", f"is missing, which {action.type} needs")
    return {"type": action.type, **given}


def _require_storable(kept: Sequence[Mapping[str, Any]], where: str) -> None:
    """Return when the databases, the workspace file and its readers can hold what is kept."""
    size = len(msgspec.json.encode(kept))
    if size > KEPT_BYTES_MAX:
        raise _wrong(where, f"are {size} bytes of JSON; the limit is {KEPT_BYTES_MAX}")
    level: list[Any] = [*kept]
    while level:
        below: list[Any] = []
        for each in level:
            if isinstance(each, str) and "\0" in each:
                raise _wrong(where, f"hold the character \\u0000 in {each[:50]!r}")
            if isinstance(each, int) and not -WHOLE_MAX <= each < WHOLE_MAX:
                raise _wrong(where, f"hold a whole number beyond 64 bits, {each!r:.30}...")
            if isinstance(each, Mapping):
                below += [*each.keys(), *each.values()]
            elif isinstance(each, list):
                below += each
        level = below


def _refused(field: str, error: FilterError, message: str) -> ChangeError:
    place = "" if error.position is None else f"at character {error.position + 1}: "
    hint = f" ({error.hint})" if error.hint else ""
    return _wrong(field, f"{place}{message}{hint}")


def _wrong(field: str, message: str) -> ChangeError:
    return ChangeError(f"{field}: {message}", reason="invalid", field=field)

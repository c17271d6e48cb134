"""Step 2, validate: is it one of the six calls, with the fields that its kind needs?

Source: Segment's HTTP API and Spec; the reason codes are those of its delivery overview.
"""

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Raw

from tailrace.refine.aside import Aside, Problem
from tailrace.refine.draft import Draft

DETAIL_CHARACTERS_MAX: Final = 100


def keep_valid(drafts: Iterable[Draft], aside: Aside) -> list[Draft]:
    """Return the drafts that are valid, with `type` and the four objects filled in."""
    valid = []
    for draft in drafts:
        draft.type = draft.fields.type or ""
        check = _CHECKS.get(draft.type) or _check_of_other_spelling(draft)
        problem = (_odd_id(draft) if draft.odd else None) or check(draft)
        if problem is None:
            valid.append(draft)
        else:
            aside.invalid(draft, problem)
    return valid


def _check_of_other_spelling(draft: Draft) -> "Callable[[Draft], Problem | None]":
    """Fill in a type in other letter case, or else that of the call's path."""
    spelling = (draft.fields.type or "").strip().lower()
    draft.type = spelling if spelling in _CHECKS else draft.origin.call.type
    return _CHECKS.get(draft.type, _unknown_type)


def _unknown_type(draft: Draft) -> Problem:
    draft.type = draft.fields.type or ""
    found = _shown(draft, "type", draft.fields.type)
    return Problem("unknown_type", f"type is {found}; expected one of {', '.join(_CHECKS)}")


def _check_track(draft: Draft) -> Problem | None:
    fields = draft.fields
    if not fields.event:
        return _not_text(draft, "event") or Problem(
            "event_not_defined", "event is missing or empty; a track call needs its name"
        )
    if not fields.user_id and not fields.anonymous_id and draft.origin.call.shape != "json":
        return _NO_ID
    return _take_objects(draft, properties=True)


def _check_page_or_screen(draft: Draft) -> Problem | None:
    if not draft.fields.user_id and not draft.fields.anonymous_id:
        return _NO_ID
    if draft.odd:
        problem = _not_text(draft, "name") or _not_text(draft, "category")
        if problem is not None:
            return problem
    return _take_objects(draft, properties=True)


def _check_identify(draft: Draft) -> Problem | None:
    if not draft.fields.user_id and not draft.fields.anonymous_id:
        return _NO_ID
    return _take_objects(draft, traits=True)


def _check_group(draft: Draft) -> Problem | None:
    if not draft.fields.group_id:
        return Problem("id_required", "groupId is missing or empty; a group call needs it")
    return _check_identify(draft)


def _check_alias(draft: Draft) -> Problem | None:
    for name, value in (("userId", draft.fields.user_id), ("previousId", draft.fields.previous_id)):
        if not value:
            return Problem("id_required", f"{name} is missing or empty; an alias call needs it")
    return _take_objects(draft)


_CHECKS: Final[dict[str, Callable[[Draft], Problem | None]]] = {
    "track": _check_track,
    "page": _check_page_or_screen,
    "screen": _check_page_or_screen,
    "identify": _check_identify,
    "group": _check_group,
    "alias": _check_alias,
}
_NO_ID: Final = Problem(
    "no_user_anon_id", "userId and anonymousId are both missing or empty; one is needed"
)


def _odd_id(draft: Draft) -> Problem | None:
    names = ["userId", "anonymousId", "messageId"]
    kind = (draft.fields.type or draft.origin.call.type).strip().lower()
    names += {"group": ["groupId"], "alias": ["previousId"]}.get(kind, [])
    for name in names:
        found = (draft.odd or {}).get(name)
        if found:
            return Problem("id_not_string", f"{name} is of type {found}; expected a string")
    return None


def _not_text(draft: Draft, name: str) -> Problem | None:
    found = (draft.odd or {}).get(name)
    if not found:
        return None
    return Problem(f"{name}_not_string", f"{name} is of type {found}; expected a string")


def _take_objects(
    draft: Draft, *, properties: bool = False, traits: bool = False
) -> Problem | None:
    """Fill in the four objects; only one that the kind of call is about must be an object."""
    fields = draft.fields
    if bytes(fields.properties).startswith(b"{"):
        draft.properties = fields.properties
    elif properties and not _is_nothing(fields.properties):
        return _not_object("properties", fields.properties)
    if bytes(fields.traits).startswith(b"{"):
        draft.traits = fields.traits
    elif traits and not _is_nothing(fields.traits):
        return _not_object("traits", fields.traits)
    if bytes(fields.context).startswith(b"{"):
        draft.context = fields.context
    if bytes(fields.integrations).startswith(b"{"):
        draft.integrations = fields.integrations
    return None


def _is_nothing(raw: Raw) -> bool:
    """Tell whether a field is missing, null, or `[]`, as PHP writes an empty object."""
    text = bytes(raw)
    return text in (b"", b"null") or (text.startswith(b"[") and not text[1:-1].strip())


def _not_object(name: str, raw: Raw) -> Problem:
    shown = bytes(raw)[:DETAIL_CHARACTERS_MAX].decode(errors="ignore")
    return Problem(f"{name}_not_object", f"{name} is {shown}; expected an object")


def _shown(draft: Draft, name: str, value: str | None) -> str:
    found = (draft.odd or {}).get(name)
    if found:
        return f"of type {found}"
    return f"'{value[:DETAIL_CHARACTERS_MAX]}'" if value else "missing"

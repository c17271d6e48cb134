"""Read the few fields of `context` that refine needs; all others pass through unread."""

from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tailrace.refine.fields import UNREADABLE, read_object, text_of


class Facts(NamedTuple):
    """The columns of an event that `refine.enrich` reads out of its context."""

    browser: str = ""
    os: str = ""
    device: str = ""
    is_bot: bool = False
    campaign_name: str = ""
    campaign_source: str = ""
    campaign_medium: str = ""
    campaign_term: str = ""
    campaign_content: str = ""
    library: str = ""


NO_FACTS: Final = Facts()


class Named(msgspec.Struct):
    """`context.library`, `context.os` and `context.device`."""

    name: str | None = None
    version: str | None = None
    model: str | None = None


class Campaign(msgspec.Struct):
    """`context.campaign`."""

    name: str | None = None
    source: str | None = None
    medium: str | None = None
    term: str | None = None
    content: str | None = None


class Page(msgspec.Struct):
    """`context.page`, as far as it may carry utm_ parameters."""

    search: str | None = None
    url: str | None = None


class Brand(msgspec.Struct):
    """One browser brand of the User-Agent Client Hints."""

    brand: str = ""


class UserAgentData(msgspec.Struct):
    """`context.userAgentData`: the browser's own words where the user agent text is frozen."""

    brands: list[Brand] = []
    platform: str | None = None
    model: str | None = None


class Context(msgspec.Struct, rename="camel"):
    """The fields of `context` that refine reads."""

    ip: str | UnsetType | None = UNSET
    direct: bool | None = None
    user_agent: str | None = None
    user_agent_data: UserAgentData | None = None
    library: Named | None = None
    campaign: Campaign | None = None
    page: Page | None = None
    os: Named | None = None
    device: Named | None = None


_read = msgspec.json.Decoder(Context).decode
_PARTS: Final = {
    field.name: (field.encode_name, msgspec.json.Decoder(field.type).decode)
    for field in msgspec.structs.fields(Context)
}


def read_context(raw: Raw | bytes) -> Context:
    """Return the known fields of a context; one of a wrong type counts as missing."""
    try:
        return _read(raw)
    except UNREADABLE:
        return _read_one_by_one(raw)


def _read_one_by_one(raw: Raw | bytes) -> Context:
    context = Context()
    values = read_object(raw)
    for name, (wire_name, read) in _PARTS.items():
        if wire_name not in values:
            continue
        try:
            setattr(context, name, read(values[wire_name]))
        except UNREADABLE:
            setattr(context, name, _read_odd(name, values[wire_name]))
    return context


def _read_odd(name: str, raw: Raw) -> Named | Campaign | None:
    """Read what clients do send in another type: a library as text, campaigns as numbers."""
    if name == "library":
        text = text_of(raw, numbers=False)
        return Named(name=text) if text else None
    if name != "campaign":
        return None
    try:
        values = read_object(raw)
    except UNREADABLE:
        return None
    texts = {key: text_of(values.get(key), numbers=True) for key in Campaign.__struct_fields__}
    return Campaign(**texts)
